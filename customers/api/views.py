"""Read-only lists and details."""

import django_filters
from django.db.models import QuerySet
from rest_framework.viewsets import ReadOnlyModelViewSet

from customers.api.access import ReadWithPermission
from customers.api.serializers import CustomerSerializer, OrderSerializer
from customers.enums import IdentityKind
from customers.models import Customer, Identity, Order


class CustomerFilter(django_filters.FilterSet):
    """`identity` is any other id that leads to a customer: anonymous, a former external id, one of Stripe or Shopify."""

    identity = django_filters.CharFilter(method="by_identity")

    class Meta:
        model = Customer
        fields = ("external_id", "email", "country", "stage", "plan")

    def by_identity(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        owners = Identity.objects.filter(kind__in=IdentityKind.values, value=value.replace("\0", "")).values("customer_id")
        return queryset.filter(pk__in=owners)


class CustomerViewSet(ReadOnlyModelViewSet[Customer]):
    """Customers with facts and identities, newest first; filter by external_id, identity, email, country, stage, plan."""

    queryset: QuerySet[Customer] = Customer.objects.select_related("facts").prefetch_related("identities").order_by("-id")
    serializer_class = CustomerSerializer
    permission_classes = (ReadWithPermission,)
    filterset_class = CustomerFilter


class OrderViewSet(ReadOnlyModelViewSet[Order]):
    """Orders with their lines, newest first; filter by customer, state, day."""

    queryset: QuerySet[Order] = Order.objects.prefetch_related("lines__product").order_by("-id")
    serializer_class = OrderSerializer
    permission_classes = (ReadWithPermission,)
    filterset_fields = ("customer", "state", "local_day")
