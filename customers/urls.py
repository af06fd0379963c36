"""Addresses of this app, all for staff."""

from django.urls import URLPattern, URLResolver, include, path

from customers.imports import views as imports
from customers.views import people, settings

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", people.customer_list, name="customer-list"),
    path("customers/new/", people.customer_add, name="customer-add"),
    path("customers/export/", people.customer_export, name="customer-export"),
    path("customers/<int:pk>/", people.customer_detail, name="customer-detail"),
    path("customers/<int:pk>/edit/", people.customer_edit, name="customer-edit"),
    path("customers/<int:pk>/timeline/", people.customer_timeline, name="customer-timeline"),
    path("customers/<int:pk>/orders/", people.customer_orders, name="customer-orders"),
    path("customers/<int:pk>/consent/", people.customer_consent, name="customer-consent"),
    path("customers/<int:pk>/suppress/", people.customer_suppress, name="customer-suppress"),
    path("customers/<int:pk>/unsuppress/", people.customer_unsuppress, name="customer-unsuppress"),
    path("", include("customers.segments.urls")),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/columns/", imports.import_map, name="import-map"),
    path("imports/<int:pk>/stop/", imports.import_stop, name="import-stop"),
    path("imports/<int:pk>/resume/", imports.import_resume, name="import-resume"),
    path("imports/<int:pk>/problems.csv", imports.import_problems, name="import-problems"),
    path("settings/", settings.overview, name="settings"),
    path("settings/brand/", settings.brand_edit, name="brand-edit"),
    path("settings/topics/", settings.topic_list, name="topic-list"),
    path("settings/topics/new/", settings.topic_add, name="topic-add"),
    path("settings/topics/<int:pk>/", settings.topic_edit, name="topic-edit"),
    path("settings/watchdog/", settings.watchdog_page, name="watchdog"),
    path("settings/watchdog/retry/", settings.watchdog_retry, name="watchdog-retry"),
    path("settings/events/", settings.event_list, name="event-list"),
    path("settings/audit/", settings.audit_list, name="audit-list"),
]
