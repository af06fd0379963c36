"""Addresses of the API: /api/v1/customers/, /orders/, /subscriptions/, /products/, /segments/."""

from rest_framework.routers import SimpleRouter

from customers.api import commerce, segments, views

router = SimpleRouter()
router.register("customers", views.CustomerViewSet, basename="api-customer")
router.register("orders", views.OrderViewSet, basename="api-order")
router.register("subscriptions", commerce.SubscriptionViewSet, basename="api-subscription")
router.register("products", commerce.ProductViewSet, basename="api-product")
router.register("segments", segments.SegmentViewSet, basename="api-segment")
urlpatterns = router.urls
