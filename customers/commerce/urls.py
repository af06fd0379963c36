"""Addresses of `commerce`, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.commerce.views import orders, products, settings, subscriptions

urlpatterns: list[URLPattern | URLResolver] = [
    path("orders/", orders.order_list, name="order-list"),
    path("orders/<int:pk>/", orders.order_detail, name="order-detail"),
    path("subscriptions/", subscriptions.subscription_list, name="subscription-list"),
    path("customers/<int:customer_id>/subscriptions/", subscriptions.panel, name="subscription-panel"),
    path("products/", products.product_list, name="product-list"),
    path("products/<int:pk>/", products.product_edit, name="product-edit"),
    path("settings/exchange-rates/", settings.rate_list, name="rate-list"),
    path("settings/exchange-rates/<int:pk>/delete/", settings.rate_delete, name="rate-delete"),
    path("settings/subscriptions/", settings.counting_edit, name="counting-edit"),
]
