"""Products, orders as placed, their lines, refunds on their own day, subscriptions and the rates of other currencies."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.enums import CancelCounts, MovementKind, OrderState, SubscriptionStatus
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
    """A paid order. `total_minor` is what was paid when placed, net of discounts; refunds are rows of their own.

    Amounts are in the account's currency. An order charged in another one keeps what was charged and the rate of its day
    (`total_minor = charged_minor x rate`, in minor units of each); history is never rated again.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders", db_index=False)
    number = models.CharField(_("number"), max_length=80, unique=True)
    placed_at = models.DateTimeField(_("placed"))
    local_day = models.DateField(_("day"), db_index=True)
    total_minor = models.BigIntegerField(_("total"))
    discount_minor = models.BigIntegerField(_("discount"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=10, choices=OrderState, default=OrderState.PAID)
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)
    charged_minor = models.BigIntegerField(_("charged"), null=True, blank=True)
    charged_currency = models.CharField(_("charged in"), max_length=3, blank=True, default="")
    rate = models.DecimalField(_("exchange rate"), max_digits=20, decimal_places=10, null=True, blank=True)
    source = models.CharField(_("source"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["customer", "placed_at"], name="order_customer_placed"),
            models.Index(fields=["placed_at", "id"], name="order_placed"),
            models.Index(fields=["state", "placed_at", "id"], name="order_not_paid", condition=~Q(state="paid")),
            models.Index(
                fields=["charged_currency", "placed_at", "id"], name="order_foreign", condition=~Q(charged_currency="")
            ),
        ]
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
    charged_minor = models.BigIntegerField(_("given back"), null=True, blank=True)
    charged_currency = models.CharField(_("given back in"), max_length=3, blank=True, default="")
    rate = models.DecimalField(_("exchange rate"), max_digits=20, decimal_places=10, null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [models.Index(fields=["customer", "refunded_at"], name="refund_customer_refunded")]
        # 0 happens: one yen given back may be worth less than half a cent
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gte=0), name="refund_amount_not_negative")]

    def __str__(self) -> str:
        return self.number


class ExchangeRate(models.Model):
    """What one unit of `currency` was worth in the account's currency from day `on` until the next rate."""

    currency = models.CharField(_("currency"), max_length=3)
    on = models.DateField(_("from day"))
    rate = models.DecimalField(_("rate"), max_digits=20, decimal_places=10)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "on"], name="exchange_rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.on}: {self.rate}"


class Subscription(models.Model):
    """A contract that renews, as it stands now. Its history is in `SubscriptionChange`.

    `mrr_minor` is the price normalised to a month, in the account's currency, without tax; it counts while `status` is
    active or past due (trial, paused and ended count 0). `cancel_at` is set while it is scheduled to end.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="subscriptions")
    reference = models.CharField(_("reference"), max_length=120, unique=True)
    plan = models.CharField(_("plan"), max_length=80, blank=True, default="")
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=SubscriptionStatus)
    mrr_minor = models.BigIntegerField(_("MRR"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    interval_months = models.PositiveSmallIntegerField(_("term in months"), default=1)
    started_at = models.DateTimeField(_("started"))
    renews_on = models.DateField(_("renews"), null=True, blank=True, db_index=True)
    cancel_at = models.DateTimeField(_("ends"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last change"))
    source = models.CharField(_("source"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(fields=["status", "id"], name="subscription_status"),
            models.Index(fields=["cancel_at"], name="subscription_ending", condition=Q(cancel_at__isnull=False)),
        ]
        constraints = [models.CheckConstraint(condition=Q(mrr_minor__gte=0), name="subscription_mrr_not_negative")]

    def __str__(self) -> str:
        return f"{self.reference} ({self.plan})"


class SubscriptionChange(models.Model):
    """The truth about subscriptions: the state of one from `changed_at` on. Rows are only ever added.

    `is_renewal` marks the start of a further term; `reason` says why it ended or paused ("involuntary", "paused", …).
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="changes", db_index=False)
    changed_at = models.DateTimeField(_("changed"))
    local_day = models.DateField(_("day"), db_index=True)
    status = models.CharField(_("status"), max_length=10, choices=SubscriptionStatus)
    plan = models.CharField(_("plan"), max_length=80, blank=True, default="")
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    interval_months = models.PositiveSmallIntegerField(_("term in months"), default=1)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    mrr_minor = models.BigIntegerField(_("MRR"))
    charged_minor = models.BigIntegerField(_("MRR as charged"), null=True, blank=True)
    charged_currency = models.CharField(_("charged in"), max_length=3, blank=True, default="")
    rate = models.DecimalField(_("exchange rate"), max_digits=20, decimal_places=10, null=True, blank=True)
    renews_on = models.DateField(_("renews"), null=True, blank=True)
    cancel_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_renewal = models.BooleanField(_("renewal"), default=False)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    source = models.CharField(_("source"), max_length=40, blank=True, default="")
    key = models.UUIDField(_("key"), unique=True)

    class Meta:
        verbose_name = _("subscription change")
        verbose_name_plural = _("subscription changes")
        indexes = [
            models.Index(fields=["subscription", "changed_at"], name="subscription_change_when"),
            models.Index(fields=["changed_at"], name="subscription_change_renewal", condition=Q(is_renewal=True)),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.status} at {self.changed_at:%Y-%m-%d}"


class CommerceSettings(models.Model):
    """One row: how subscriptions are counted. A change of it rebuilds every movement, `rebuild_after` says how far."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    cancel_counts = models.CharField(
        _("a cancelled subscription counts"), max_length=10, choices=CancelCounts, default=CancelCounts.TERM_END
    )
    new_after_days = models.PositiveIntegerField(_("a return counts as new after"), null=True, blank=True)
    renewal_grace_days = models.PositiveSmallIntegerField(_("a late renewal counts within"), default=14)
    rebuild_after = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("commerce settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_commerce_settings")]

    def __str__(self) -> str:
        return "commerce settings"


class MrrMovement(models.Model):
    """How one customer's MRR moved on one day, netted over their subscriptions and the day.

    Derived from `SubscriptionChange` and rebuilt for a customer when a late change arrives; `amount_minor` is signed, so
    that MRR at the end of a day is the sum of all movements up to it.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="mrr_movements", db_index=False)
    local_day = models.DateField(_("day"), db_index=True)
    kind = models.CharField(_("kind"), max_length=12, choices=MovementKind)
    amount_minor = models.BigIntegerField(_("amount"))
    before_minor = models.BigIntegerField(_("MRR before"))
    after_minor = models.BigIntegerField(_("MRR after"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("MRR movement")
        verbose_name_plural = _("MRR movements")
        constraints = [models.UniqueConstraint(fields=["customer", "local_day"], name="mrr_movement_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} on {self.local_day}"
