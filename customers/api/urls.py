"""Addresses of the API: /api/v1/customers/, /orders/, /segments/."""

from rest_framework.routers import SimpleRouter

from customers.api import views

router = SimpleRouter()
router.register("customers", views.CustomerViewSet, basename="api-customer")
router.register("orders", views.OrderViewSet, basename="api-order")
router.register("segments", views.SegmentViewSet, basename="api-segment")
urlpatterns = router.urls
