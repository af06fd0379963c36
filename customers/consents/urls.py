"""Addresses of `consents`, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.consents.views import public, staff, suppressions, topics

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/consent/", staff.overview, name="consent-overview"),
    path("settings/topics/", topics.topic_list, name="topic-list"),
    path("settings/topics/new/", topics.topic_add, name="topic-add"),
    path("settings/topics/<int:pk>/", topics.topic_edit, name="topic-edit"),
    path("settings/topics/<int:pk>/archive/", topics.topic_archive, name="topic-archive"),
    path("settings/sign-up/", staff.form_list, name="signup-list"),
    path("settings/sign-up/new/", staff.form_add, name="signup-add"),
    path("settings/sign-up/<int:pk>/", staff.form_detail, name="signup-detail"),
    path("settings/sign-up/<int:pk>/edit/", staff.form_edit, name="signup-edit"),
    path("settings/sign-up/<int:pk>/qr.svg", staff.form_qr, name="signup-qr"),
    path("settings/suppression/", suppressions.suppression_list, name="suppression-list"),
    path("settings/suppression/add/", suppressions.suppression_add, name="suppression-add"),
    path("settings/suppression/export/", suppressions.suppression_export, name="suppression-export"),
    path("settings/suppression/<int:pk>/remove/", suppressions.suppression_remove, name="suppression-remove"),
    path("customers/<int:customer_id>/consents/", staff.panel, name="consent-panel"),
    path("customers/<int:customer_id>/ask/", staff.ask, name="consent-ask"),
    path("j/ok/<str:token>", public.confirm, name="opt-in-confirm"),
    path("j/<str:code>", public.sign_up, name="sign-up"),
]
