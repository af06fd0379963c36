"""What the API shows of the first floor."""

from rest_framework import serializers

from customers.models import Customer, CustomerFacts, Identity, Order, OrderLine, Segment


class FactsSerializer(serializers.ModelSerializer[CustomerFacts]):
    class Meta:
        model = CustomerFacts
        exclude = ("customer",)


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    class Meta:
        model = Identity
        fields = ("kind", "value", "linked_at")


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    facts = FactsSerializer(read_only=True)
    identities = IdentitySerializer(many=True, read_only=True)

    class Meta:
        model = Customer
        fields = "__all__"


class LineSerializer(serializers.ModelSerializer[OrderLine]):
    sku = serializers.CharField(source="product.sku", read_only=True)

    class Meta:
        model = OrderLine
        fields = ("sku", "quantity", "unit_minor")


class OrderSerializer(serializers.ModelSerializer[Order]):
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = "__all__"


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    class Meta:
        model = Segment
        exclude = ("updated_by",)
