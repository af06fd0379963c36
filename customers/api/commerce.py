"""Read-only lists of subscriptions and products."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from customers.api.access import ReadWithPermission
from customers.models import Product, Subscription, SubscriptionChange


class ChangeSerializer(serializers.ModelSerializer[SubscriptionChange]):
    class Meta:
        model = SubscriptionChange
        exclude = ("subscription",)


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    changes = ChangeSerializer(many=True, read_only=True)

    class Meta:
        model = Subscription
        fields = "__all__"


class ProductSerializer(serializers.ModelSerializer[Product]):
    class Meta:
        model = Product
        fields = "__all__"


class SubscriptionViewSet(ReadOnlyModelViewSet[Subscription]):
    """Subscriptions with their history, newest first; filter by customer, reference, status, plan, renewal day."""

    queryset: QuerySet[Subscription] = Subscription.objects.prefetch_related("changes").order_by("-id")
    serializer_class = SubscriptionSerializer
    permission_classes = (ReadWithPermission,)
    filterset_fields = ("customer", "reference", "status", "plan", "renews_on")


class ProductViewSet(ReadOnlyModelViewSet[Product]):
    """Products, newest first; filter by SKU and category."""

    queryset: QuerySet[Product] = Product.objects.order_by("-id")
    serializer_class = ProductSerializer
    permission_classes = (ReadWithPermission,)
    filterset_fields = ("sku", "category")
