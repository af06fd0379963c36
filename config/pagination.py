"""Pages of the API: by cursor over the id, so that page 10,000 costs what page 1 costs."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class IdCursor(CursorPagination):
    """A cursor that nobody got from us is answered with 404, whatever it holds."""

    ordering = "-id"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"

    def decode_cursor(self, request: Request) -> Any:
        found = super().decode_cursor(request)
        position = None if found is None or found.position is None else str(found.position)
        if position is not None and not (position.isascii() and position.isdigit() and len(position) < 19):
            raise NotFound(self.invalid_cursor_message)
        return found
