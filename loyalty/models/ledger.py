"""Members and their points: an append-only ledger, the lots it opened, and which debit took from which lot.

`Entry` and `Allocation` are the truth and the database refuses to change them. `Lot.remaining` and the buckets of
`Account` are sums of them, kept in the same transaction under the account's row lock:

    lot.remaining     = granted - sum(allocations)
    account.deficit   = sum(entries.deficit_delta)
    sum(entries.points) = pending + active - deficit          (once due lots are settled, see `actions.settle`)

Points become active and expire by time. `Account.next_due_at` is the next moment at which a bucket changes; every action
settles a due account first, and a job settles the others, so the buckets hold for any moment before `next_due_at`.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from loyalty.enums import EntryKind, RedemptionState, TierCause
from loyalty.models.programme import Reward, Tier

HALF_A_DAY = timedelta(hours=12)


class Account(models.Model):
    """One member. `customer` is empty once the person was erased: the sums stay."""

    customer = models.OneToOneField(
        Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="loyalty_account"
    )
    joined_at = models.DateTimeField(_("member since"))
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts")
    tier_since = models.DateTimeField(_("tier since"), null=True, blank=True)
    tier_until = models.DateTimeField(_("tier until"), null=True, blank=True)
    metric = models.BigIntegerField(_("tier metric"), default=0)
    pending = models.BigIntegerField(_("pending"), default=0)
    active = models.BigIntegerField(_("points"), default=0)
    earned = models.BigIntegerField(_("earned in total"), default=0)
    spent = models.BigIntegerField(_("spent"), default=0)
    expired = models.BigIntegerField(_("expired"), default=0)
    deficit = models.BigIntegerField(_("owed"), default=0)
    next_due_at = models.DateTimeField(_("next change by time"), null=True, blank=True)

    class Meta:
        verbose_name = _("loyalty account")
        verbose_name_plural = _("loyalty accounts")
        permissions = [("adjust_points", "Can add and remove points by hand")]
        constraints = [
            models.CheckConstraint(
                condition=Q(pending__gte=0, active__gte=0, deficit__gte=0), name="account_buckets_not_negative"
            ),
            models.CheckConstraint(condition=Q(deficit=0) | Q(pending=0, active=0), name="account_owes_only_when_empty"),
        ]
        indexes = [
            models.Index(fields=["next_due_at"], condition=Q(next_due_at__isnull=False), name="account_due"),
            models.Index(fields=["tier_until"], condition=Q(tier_until__isnull=False), name="account_tier_until"),
            models.Index(fields=["active"], name="account_active"),
            models.Index(fields=["metric"], name="account_metric"),
        ]

    def __str__(self) -> str:
        return str(self.customer) if self.customer_id else f"former member {self.pk}"

    @property
    def total(self) -> int:
        """The sum of the ledger: what is pending or active less what is owed."""
        return self.pending + self.active - self.deficit


class Entry(models.Model):
    """One booking of points. Never updated or deleted; an erasure may blank `note`, nothing else.

    `points` is signed. `deficit_delta` is the part of a debit that nothing covered, or (negative) the part of a credit
    that paid a debt. `desired_points` is what the rule asked for before a limit cut it. `basis_minor` is the amount of
    the order or refund, `spend_minor` its signed effect on the tier metric.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=EntryKind)
    points = models.BigIntegerField(_("points"))
    desired_points = models.BigIntegerField(_("points asked for"))
    deficit_delta = models.BigIntegerField(_("change of debt"), default=0)
    occurred_at = models.DateTimeField(_("when"))
    local_day = models.DateField(_("day"))
    recorded_at = models.DateTimeField(_("booked"))
    available_at = models.DateTimeField(_("can be spent from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by", db_index=False
    )
    source_type = models.CharField(_("source"), max_length=16, blank=True, default="")
    source_id = models.BigIntegerField(_("source id"), null=True, blank=True)
    basis_minor = models.BigIntegerField(_("amount"), null=True, blank=True)
    spend_minor = models.BigIntegerField(_("counts for the tier"), default=0)
    breakdown = models.JSONField(_("how it was counted"), default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    note = models.CharField(_("reason"), max_length=300, blank=True, default="")
    idempotency_key = models.CharField(_("key"), max_length=160)

    class Meta:
        verbose_name = _("points entry")
        verbose_name_plural = _("points ledger")
        constraints = [
            models.UniqueConstraint(fields=["account", "idempotency_key"], name="entry_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[EntryKind.MANUAL_CREDIT, EntryKind.MANUAL_DEBIT], actor__isnull=False)
                | ~Q(kind__in=[EntryKind.MANUAL_CREDIT, EntryKind.MANUAL_DEBIT]),
                name="entry_by_hand_has_actor",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "occurred_at"], name="entry_account_occurred"),
            models.Index(fields=["source_type", "source_id"], condition=Q(source_id__isnull=False), name="entry_source"),
            models.Index(fields=["local_day"], name="entry_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+d}"

    @property
    def ends_on(self) -> datetime | None:
        """A moment on the last day the points are good: they end at a local midnight, so half a day before it."""
        return self.expires_at - HALF_A_DAY if self.expires_at else None


class Lot(models.Model):
    """The spendable rest of one credit. Spent in the order in which lots end."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="lot")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lots", db_index=False)
    granted = models.BigIntegerField(_("granted"))
    remaining = models.BigIntegerField(_("remaining"))
    occurred_at = models.DateTimeField(_("earned"))
    available_at = models.DateTimeField(_("can be spent from"))
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(condition=Q(remaining__gte=0, remaining__lte=F("granted")), name="lot_remaining_within")
        ]
        indexes = [models.Index(fields=["account"], condition=Q(remaining__gt=0), name="lot_open")]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted}"

    @property
    def ends_on(self) -> datetime | None:
        """A moment on the last day the points are good: they end at a local midnight, so half a day before it."""
        return self.expires_at - HALF_A_DAY if self.expires_at else None


class Allocation(models.Model):
    """A debit took `points` from a lot; negative when a redemption was returned to it. Never updated or deleted."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="allocations")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations")
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")

    def __str__(self) -> str:
        return f"{self.points} from lot {self.lot_id}"


class TierChange(models.Model):
    """A stay in a tier; the open row (`until` empty) is the present one."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tier_changes", db_index=False)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    previous = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("before"))
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=TierCause)
    metric = models.BigIntegerField(_("tier metric then"), default=0)

    class Meta:
        verbose_name = _("stay in a tier")
        verbose_name_plural = _("tier history")
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(until__isnull=True), name="tier_one_open_stay")
        ]
        indexes = [models.Index(fields=["account", "since"], name="tier_account_since")]

    def __str__(self) -> str:
        return f"tier {self.tier_id} since {self.since:%Y-%m-%d}"


class Redemption(models.Model):
    """Points exchanged for a reward, with the code the member got."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="redemptions")
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="redemptions")
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="redemption")
    code = models.CharField(_("code"), max_length=40, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=RedemptionState, default=RedemptionState.ISSUED)
    issued_at = models.DateTimeField(_("issued"), db_index=True)
    expires_at = models.DateTimeField(_("valid until"))
    settled_at = models.DateTimeField(_("used, expired or cancelled"), null=True, blank=True)

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        indexes = [models.Index(fields=["expires_at"], condition=Q(state=RedemptionState.ISSUED), name="redemption_open")]

    def __str__(self) -> str:
        return self.code
