"""Addresses of this app, all for staff: the first page and Insights."""

from django.urls import URLPattern, path

from metrics.views import home, insights, panel, people, recurring

app_name = "metrics"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("insights/", insights.overview, name="insights"),
    path("insights/mrr/", recurring.mrr, name="mrr"),
    path("insights/mrr/<slug:kind>/", recurring.movements, name="mrr-movements"),
    path("insights/retention/", insights.retention, name="retention"),
    path("insights/rfm/", insights.rfm, name="rfm"),
    path("insights/nps/", insights.nps, name="nps"),
    path("insights/messages/", insights.messages, name="messages"),
    path("insights/definitions/", insights.definition_list, name="definitions"),
    path("insights/definitions/<slug:metric>/", insights.definition, name="definition"),
    path("insights/panel/<int:customer_id>/", panel.value, name="panel"),
    path("insights/customers/<slug:kind>/", people.customers, name="people"),
    path("insights/customers/<slug:kind>/<slug:part>/", people.customers, name="people"),
]
