"""Addresses of journeys; `campaigns.urls` includes them."""

from django.urls import path

from campaigns.journeys.views import changes, pages

urlpatterns = [
    path("journeys/", pages.journey_list, name="journey-list"),
    path("journeys/new/", pages.journey_new, name="journey-new"),
    path("journeys/create/", changes.journey_create, name="journey-create"),
    path("journeys/<int:pk>/", pages.journey_detail, name="journey-detail"),
    path("journeys/<int:pk>/people/", pages.journey_people, name="journey-people"),
    path("journeys/<int:pk>/messages/", pages.journey_messages, name="journey-messages"),
    path("journeys/<int:pk>/history/", pages.journey_history, name="journey-history"),
    path("journeys/<int:pk>/edit/", changes.journey_edit, name="journey-edit"),
    path("journeys/<int:pk>/publish/", changes.journey_publish, name="journey-publish"),
    path("journeys/<int:pk>/switch/", changes.journey_switch, name="journey-switch"),
    path("journeys/<int:pk>/steps/<slug:key>/", changes.step_edit, name="journey-step"),
    path("journeys/customers/<int:customer_id>/", pages.customer_panel, name="journey-panel"),
]
