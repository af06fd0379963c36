"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, path  # noqa: F401

app_name = "metrics"
urlpatterns: list[URLPattern] = []
