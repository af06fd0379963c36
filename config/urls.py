"""Every address. Staff pages live under their app's name; customers' pages under one letter, short enough for SMS."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/", views.health, name="health"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("brand.css", views.brand_css, name="brand-css"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("customers.api.urls")),
    path("", include("metrics.urls")),
    path("", include("customers.urls")),
    path("", include("campaigns.urls")),
    path("", include("loyalty.urls")),
    path("", include("referrals.urls")),
    path("", include("surveys.urls")),
]
handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"
