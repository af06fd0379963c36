"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, include, path  # noqa: F401

app_name = "campaigns"
urlpatterns: list[URLPattern] = [
    path("", include("campaigns.journeys.urls")),  # type: ignore[list-item]
]
