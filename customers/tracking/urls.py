"""Addresses of the tracking plan, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.tracking.views import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/tracking/", pages.tracking_list, name="tracking-list"),
    path("settings/tracking/attributes/", pages.attribute_list, name="tracking-attributes"),
    path("settings/tracking/plan.json", pages.tracking_download, name="tracking-download"),
    path("settings/tracking/upload/", pages.tracking_upload, name="tracking-upload"),
    path("settings/tracking/events/<int:pk>/", pages.tracking_event, name="tracking-event"),
    path("settings/tracking/properties/<int:pk>/", pages.property_edit, name="tracking-property"),
]
