"""Read-only lists and details."""

from django.db.models import QuerySet
from rest_framework.viewsets import ReadOnlyModelViewSet

from customers.api.access import ReadWithPermission
from customers.api.serializers import CustomerSerializer, OrderSerializer, SegmentSerializer
from customers.models import Customer, Order, Segment


class CustomerViewSet(ReadOnlyModelViewSet[Customer]):
    """Customers with their facts, newest first; filter by external_id, email, country, stage."""

    queryset: QuerySet[Customer] = Customer.objects.select_related("facts").order_by("-id")
    serializer_class = CustomerSerializer
    permission_classes = (ReadWithPermission,)
    filterset_fields = ("external_id", "email", "country", "stage")


class OrderViewSet(ReadOnlyModelViewSet[Order]):
    """Orders with their lines, newest first; filter by customer, state, day."""

    queryset: QuerySet[Order] = Order.objects.prefetch_related("lines__product").order_by("-id")
    serializer_class = OrderSerializer
    permission_classes = (ReadWithPermission,)
    filterset_fields = ("customer", "state", "local_day")


class SegmentViewSet(ReadOnlyModelViewSet[Segment]):
    """Segments with their rules and size."""

    queryset: QuerySet[Segment] = Segment.objects.order_by("-id")
    serializer_class = SegmentSerializer
    permission_classes = (ReadWithPermission,)
