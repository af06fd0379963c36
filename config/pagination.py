"""Pages of the API: by cursor over the id, so that page 10,000 costs what page 1 costs."""

from rest_framework.pagination import CursorPagination


class IdCursor(CursorPagination):
    ordering = "-id"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
