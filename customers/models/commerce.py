"""Orders as placed, their lines, and refunds on their own day."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.enums import OrderState
from customers.models.people import Customer


class Product(models.Model):
    """Something the company sells."""

    sku = models.CharField(_("SKU"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    category = models.CharField(_("category"), max_length=120, blank=True, default="", db_index=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.name or self.sku


class Order(models.Model):
    """A paid order. `total_minor` is what was paid when placed, net of discounts; refunds are rows of their own."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders", db_index=False)
    number = models.CharField(_("number"), max_length=80, unique=True)
    placed_at = models.DateTimeField(_("placed"))
    local_day = models.DateField(_("day"), db_index=True)
    total_minor = models.BigIntegerField(_("total"))
    discount_minor = models.BigIntegerField(_("discount"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=10, choices=OrderState, default=OrderState.PAID)
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [models.Index(fields=["customer", "placed_at"], name="order_customer_placed")]
        constraints = [models.CheckConstraint(condition=Q(total_minor__gte=0), name="order_total_not_negative")]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One line of an order; `unit_minor` is the price of one piece."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")
    quantity = models.IntegerField(_("quantity"))
    unit_minor = models.BigIntegerField(_("unit price"))

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity_positive")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id}"


class Refund(models.Model):
    """Money given back, on the day it was given. `order` is empty when the source does not say which order it was."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="refunds", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, null=True, blank=True, related_name="refunds")
    number = models.CharField(_("number"), max_length=80, unique=True)
    refunded_at = models.DateTimeField(_("refunded"))
    local_day = models.DateField(_("day"), db_index=True)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [models.Index(fields=["customer", "refunded_at"], name="refund_customer_refunded")]
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive")]

    def __str__(self) -> str:
        return self.number
