"""Addresses of `privacy`, included by `customers.urls`. What starts with `d/` is the customers' own."""

from django.urls import URLPattern, URLResolver, path

from customers.privacy.views import merges, persons, public, settings

urlpatterns: list[URLPattern | URLResolver] = [
    path("d/<str:token>", public.start, name="privacy-start"),
    path("d/c/<str:token>", public.confirm, name="privacy-confirm"),
    path("d/x/<str:token>", public.cancel, name="privacy-cancel"),
    path("d/f/<str:token>", public.download, name="privacy-download"),
    path("customers/<int:pk>/copy/", persons.copy, name="person-copy"),
    path("customers/<int:pk>/erase/", persons.erase, name="person-erase"),
    path("customers/<int:pk>/merge/", merges.search, name="merge-search"),
    path("customers/<int:pk>/merge/<int:source>/", merges.merge, name="merge"),
    path("customers/duplicates/", merges.doubles, name="doubles"),
    path("customers/duplicates/different/", merges.different, name="doubles-different"),
    path("customers/merges/", merges.merge_list, name="merge-list"),
    path("customers/merges/<int:pk>/undo/", merges.undo, name="merge-undo"),
    path("settings/data-requests/", persons.request_list, name="data-request-list"),
    path("settings/data-requests/<int:pk>/cancel/", persons.request_cancel, name="data-request-cancel"),
    path("settings/data-requests/<int:pk>/retry/", persons.request_retry, name="data-request-retry"),
    path("settings/data-requests/<int:pk>/file/", persons.request_file, name="data-request-file"),
    path("settings/retention/", settings.retention_rules, name="retention"),
]
