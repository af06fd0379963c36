"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, URLResolver, path, re_path

from campaigns.journeys.urls import urlpatterns as journeys
from campaigns.views import campaigns, messages, preferences, public

app_name = "campaigns"
TOKEN = "(?P<token>[A-Za-z0-9_-]{1,64})"
urlpatterns: list[URLPattern | URLResolver] = [
    path("campaigns/", campaigns.campaign_list, name="campaign-list"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign-new"),
    path("campaigns/estimate/", campaigns.campaign_estimate, name="campaign-estimate"),
    path("campaigns/contents/<int:pk>/preview/", messages.content_preview, name="content-preview"),
    path("campaigns/<int:pk>/", campaigns.campaign_detail, name="campaign-detail"),
    path("campaigns/<int:pk>/audience/", campaigns.campaign_audience, name="campaign-audience"),
    path("campaigns/<int:pk>/content/", campaigns.campaign_content, name="campaign-content"),
    path("campaigns/<int:pk>/test/", campaigns.campaign_test, name="campaign-test"),
    path("campaigns/<int:pk>/review/", campaigns.campaign_review, name="campaign-review"),
    path("campaigns/<int:pk>/copy/", campaigns.campaign_copy, name="campaign-copy"),
    path("campaigns/<int:pk>/delete/", campaigns.campaign_delete, name="campaign-delete"),
    path("campaigns/<int:pk>/<slug:verb>/", campaigns.campaign_change, name="campaign-change"),
    path("messages/", messages.message_list, name="message-list"),
    path("messages/<int:pk>/", messages.message_detail, name="message-detail"),
    path("messages/<int:pk>/body/", messages.message_body, name="message-body"),
    path("messages/of/<int:customer_id>/", messages.message_panel, name="message-panel"),
    path("outbox/", messages.outbox_list, name="outbox-list"),
    path("outbox/<int:pk>/", messages.outbox_detail, name="outbox-detail"),
    path("outbox/<int:pk>/body/", messages.outbox_body, name="outbox-body"),
    *journeys,
    re_path(rf"^c/{TOKEN}/(?P<position>\d{{1,4}})$", public.click, name="click"),
    re_path(rf"^o/{TOKEN}\.gif$", public.pixel, name="pixel"),
    re_path(rf"^u/{TOKEN}$", public.unsubscribe, name="unsubscribe"),
    re_path(rf"^v/{TOKEN}$", public.in_browser, name="in-browser"),
    re_path(rf"^p/{TOKEN}$", preferences.of_message, name="preferences"),
    re_path(rf"^p/me/{TOKEN}$", preferences.of_customer, name="my-preferences"),
]
