"""Addresses of `exports`, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.exports.views import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("exports/", pages.export_list, name="export-list"),
    path("exports/new/<str:key>/", pages.export_new, name="export-new"),
    path("exports/<int:pk>/stop/", pages.export_stop, name="export-stop"),
    path("exports/<int:pk>/file/", pages.export_file, name="export-file"),
]
