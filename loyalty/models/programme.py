"""The programme, its tiers, and the rule by which orders earn."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.brand import COLOUR
from loyalty.enums import AlignScope, ClawbackPolicy, Downgrade, RewardKind, Rounding, TierMetric, TierWindow


class Programme(models.Model):
    """One row: how points are earned, when they can be spent and when they end, and how tiers are reached."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=80, default="Rewards")
    points_name = models.CharField(_("what points are called"), max_length=30, default="points")
    is_active = models.BooleanField(_("running"), default=False, help_text=_("While it runs, orders earn points."))
    starts_on = models.DateField(
        _("counts orders from"), null=True, blank=True, help_text=_("Earlier orders earn nothing. Empty: every order.")
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    pending_days = models.PositiveSmallIntegerField(
        _("days until points can be spent"), default=14, validators=[MaxValueValidator(365)],
        help_text=_("Usually your return period."),
    )  # fmt: skip
    expiry_months = models.PositiveSmallIntegerField(
        _("months until points end"), default=12, validators=[MaxValueValidator(120)],
        help_text=_("0: points never end. A change counts for points earned from then on."),
    )  # fmt: skip
    expires_at_month_end = models.BooleanField(_("points end on the last day of the month"), default=True)
    clawback = models.CharField(
        _("when an order is refunded"), max_length=16, choices=ClawbackPolicy, default=ClawbackPolicy.UNLIMITED
    )
    value_points = models.PositiveIntegerField(_("points"), default=100, validators=[MinValueValidator(1)])
    value_minor = models.PositiveIntegerField(
        _("are worth"), default=0, help_text=_("For the liability on your books. 0: not valued.")
    )
    tier_metric = models.CharField(
        _("tiers are reached by"), max_length=16, choices=TierMetric, default=TierMetric.NET_SPEND
    )
    tier_window = models.CharField(_("within"), max_length=16, choices=TierWindow, default=TierWindow.ROLLING)
    downgrade = models.CharField(
        _("when a tier's period ends below its threshold"), max_length=16, choices=Downgrade,
        default=Downgrade.TO_QUALIFIED,
    )  # fmt: skip
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace after the period"), default=30, validators=[MaxValueValidator(365)]
    )
    recheck_days = models.PositiveSmallIntegerField(
        _("a refund takes a tier back within"), default=30, validators=[MaxValueValidator(365)],
        help_text=_("Days since the tier was reached; later refunds count at the end of its period."),
    )  # fmt: skip
    align = models.CharField(max_length=4, choices=AlignScope, blank=True, default=AlignScope.NONE, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("loyalty programme")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_programme")]

    def __str__(self) -> str:
        return self.name


class EarningRule(models.Model):
    """Orders earn `points` for every `per_minor` spent, times the member's tier."""

    name = models.CharField(_("name"), max_length=80, default="Points for orders")
    points = models.PositiveIntegerField(_("points"), default=1, validators=[MinValueValidator(1)])
    per_minor = models.PositiveIntegerField(_("for every"), default=100, validators=[MinValueValidator(1)])
    rounding = models.CharField(_("rounding"), max_length=8, choices=Rounding, default=Rounding.FLOOR)
    uses_tier_multiplier = models.BooleanField(_("times the tier's factor"), default=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        constraints = [
            models.CheckConstraint(condition=Q(points__gte=1, per_minor__gte=1), name="earning_rule_positive"),
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_active_order_rule"),
        ]

    def __str__(self) -> str:
        return self.name


class Tier(models.Model):
    """A level of membership. `threshold` is in the metric's unit: minor units of money, or points."""

    name = models.CharField(_("name"), max_length=40, unique=True)
    threshold = models.PositiveBigIntegerField(_("from"), unique=True)
    multiplier_percent = models.PositiveSmallIntegerField(
        _("points factor in percent"), default=100, validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("100: the normal rate. 150: one and a half times."),
    )  # fmt: skip
    colour = models.CharField(_("colour"), max_length=7, default="#1f7a4d", validators=[COLOUR])
    perks = models.TextField(_("perks"), blank=True, default="", help_text=_("One per line, as members read them."))

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["threshold"]

    def __str__(self) -> str:
        return self.name

    @property
    def perk_list(self) -> list[str]:
        return [line.strip() for line in self.perks.splitlines() if line.strip()]


class Reward(models.Model):
    """Something points can be exchanged for: a discount code made for one member."""

    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=16, choices=RewardKind, default=RewardKind.AMOUNT_OFF)
    value = models.PositiveIntegerField(_("value"), default=0)
    cost = models.PositiveIntegerField(_("cost in points"), validators=[MinValueValidator(1)])
    min_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only from tier")
    )
    stock = models.PositiveIntegerField(_("how many are left"), null=True, blank=True, help_text=_("Empty: no limit."))
    per_member_limit = models.PositiveSmallIntegerField(
        _("how often per member"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    code_prefix = models.CharField(_("codes begin with"), max_length=12, blank=True, default="")
    code_days = models.PositiveSmallIntegerField(
        _("days a code is valid"), default=90, validators=[MinValueValidator(1), MaxValueValidator(1825)]
    )
    is_active = models.BooleanField(_("offered to members"), default=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        ordering = ["cost", "id"]
        constraints = [models.CheckConstraint(condition=Q(cost__gte=1), name="reward_cost_positive")]

    def __str__(self) -> str:
        return self.name
