"""Addresses of segments, inside the namespace `customers`."""

from django.urls import URLPattern, path

from customers.segments.views import (
    editor,
    explain,
    gallery,
    history,
    listing,
    lists,
    members,
    of_customer,
    pages,
    preview,
    suggest,
)

urlpatterns: list[URLPattern] = [
    path("segments/", listing.segment_list, name="segment-list"),
    path("segments/new/", editor.segment_add, name="segment-add"),
    path("segments/new-list/", lists.list_add, name="segment-list-add"),
    path("segments/preview/", preview.segment_preview, name="segment-preview"),
    path("segments/suggest/products/", suggest.suggest_products, name="segment-suggest-products"),
    path("segments/suggest/events/", suggest.suggest_events, name="segment-suggest-events"),
    path("segments/ready-made/", listing.install, name="segment-install"),
    path("segments/gallery/", gallery.gallery, name="segment-gallery"),
    path("segments/gallery/add/", gallery.gallery_add, name="segment-gallery-add"),
    path("segments/<int:pk>/", pages.segment_detail, name="segment-detail"),
    path("segments/<int:pk>/edit/", editor.segment_edit, name="segment-edit"),
    path("segments/<int:pk>/people/", lists.list_edit, name="segment-list-edit"),
    path("segments/uploads/<int:pk>/", lists.list_upload, name="segment-upload"),
    path("segments/uploads/<int:pk>/report/", lists.list_report, name="segment-upload-report"),
    path("segments/<int:pk>/members/", members.segment_members, name="segment-members"),
    path("segments/<int:pk>/members/export/", members.segment_export, name="segment-export"),
    path("segments/<int:pk>/members/keep/", members.segment_freeze, name="segment-freeze"),
    path("segments/<int:pk>/history/", history.segment_history, name="segment-history"),
    path("segments/<int:pk>/history/<int:version>/restore/", history.segment_restore, name="segment-restore"),
    path("segments/<int:pk>/explain/", explain.segment_explain, name="segment-explain"),
    path("segments/<int:pk>/delete/", pages.segment_delete, name="segment-delete"),
    path("customers/<int:pk>/lists/", of_customer.customer_lists, name="customer-lists"),
]
