"""Addresses of `ingest`, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.ingest.views import endpoint, pages

KINDS = {
    "identify": "identify", "track": "track", "page": "page", "screen": "screen", "group": "group", "alias": "alias",
    "i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias",
    "batch": "", "b": "", "import": "",
}  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    *(path(f"v1/{name}", endpoint.endpoint, {"kind": kind}, name=f"ingest-{name}") for name, kind in KINDS.items()),
    path("v1/projects/<str:key>/settings", endpoint.library_settings, name="ingest-library"),
    path("settings/ingest/", pages.key_list, name="ingest-keys"),
    path("settings/ingest/new/", pages.key_add, name="ingest-key-add"),
    path("settings/ingest/retry/", pages.held_retry, name="ingest-held-retry"),
    path("settings/ingest/<int:pk>/", pages.key_detail, name="ingest-key"),
    path("settings/ingest/<int:pk>/origins/", pages.key_origins, name="ingest-key-origins"),
    path("settings/ingest/<int:pk>/revoke/", pages.key_revoke, name="ingest-key-revoke"),
    path("settings/ingest/<int:pk>/rotate/", pages.key_rotate, name="ingest-key-rotate"),
]
