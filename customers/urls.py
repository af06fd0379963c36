"""Addresses of this app, all for staff."""

from django.urls import URLPattern, URLResolver, include, path

from customers.imports import views as imports
from customers.views import customer, people, search, settings

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", people.customer_list, name="customer-list"),
    path("customers/search/", search.customer_search, name="customer-search"),
    path("customers/columns/", people.customer_columns, name="customer-columns"),
    path("customers/to-list/", people.customer_to_list, name="customer-to-list"),
    path("customers/new/", people.customer_add, name="customer-add"),
    path("customers/export/", people.customer_export, name="customer-export"),
    path("customers/<int:pk>/", customer.customer_detail, name="customer-detail"),
    path("customers/<int:pk>/edit/", people.customer_edit, name="customer-edit"),
    path("customers/<int:pk>/timeline/", customer.customer_timeline, name="customer-timeline"),
    path("customers/<int:pk>/orders/", customer.customer_orders, name="customer-orders"),
    path("customers/<int:pk>/note/", customer.customer_note, name="customer-note"),
    path("customers/<int:pk>/consent/", people.customer_consent, name="customer-consent"),
    path("customers/<int:pk>/suppress/", people.customer_suppress, name="customer-suppress"),
    path("customers/<int:pk>/unsuppress/", people.customer_unsuppress, name="customer-unsuppress"),
    path("", include("customers.segments.urls")),
    path("", include("customers.ingest.urls")),
    path("", include("customers.commerce.urls")),
    path("", include("customers.exports.urls")),
    path("", include("customers.sources.urls")),
    path("", include("customers.stages.urls")),
    path("", include("customers.tracking.urls")),
    path("", include("customers.consents.urls")),
    path("", include("customers.privacy.urls")),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/sample/<str:kind>.csv", imports.import_sample, name="import-sample"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/columns/", imports.import_map, name="import-map"),
    path("imports/<int:pk>/stop/", imports.import_stop, name="import-stop"),
    path("imports/<int:pk>/resume/", imports.import_resume, name="import-resume"),
    path("imports/<int:pk>/problems.csv", imports.import_problems, name="import-problems"),
    path("settings/", settings.overview, name="settings"),
    path("settings/brand/", settings.brand_edit, name="brand-edit"),
    path("settings/watchdog/", settings.watchdog_page, name="watchdog"),
    path("settings/watchdog/retry/", settings.watchdog_retry, name="watchdog-retry"),
    path("settings/events/", settings.event_list, name="event-list"),
    path("settings/audit/", settings.audit_list, name="audit-list"),
]
