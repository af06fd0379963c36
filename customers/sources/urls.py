"""Addresses of `sources`, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.sources.views import hooks, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/<str:code>/", hooks.receive, name="source-hook"),
    path("settings/sources/", pages.source_list, name="source-list"),
    path("settings/sources/new/<slug:kind>/", pages.source_add, name="source-add"),
    path("settings/sources/<int:pk>/", pages.source_detail, name="source-detail"),
    path("settings/sources/<int:pk>/edit/", pages.source_edit, name="source-edit"),
    path("settings/sources/<int:pk>/pause/", pages.source_pause, name="source-pause"),
    path("settings/sources/<int:pk>/delete/", pages.source_delete, name="source-delete"),
    path("settings/sources/<int:pk>/replay/", pages.source_replay, name="source-replay"),
    path("settings/sources/<int:pk>/check/", pages.source_check, name="source-check"),
    path("settings/sources/webhooks/<int:pk>/", pages.delivery_detail, name="source-delivery"),
    path("settings/sources/webhooks/<int:pk>/decide/", pages.delivery_decide, name="source-decide"),
]
