"""The referral programme, its codes and clicks, who brought whom, the verdicts and the rewards."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Order
from referrals.enums import UNBOUND, GrantState, Reason, ReferralState, Role, SignalKind


class Programme(models.Model):
    """What a member and a friend get, and on which terms. At most one programme is active."""

    name = models.CharField(_("name"), max_length=120)
    headline = models.CharField(_("headline"), max_length=120)
    description = models.CharField(_("one sentence below it"), max_length=300, blank=True, default="")
    advocate_points = models.PositiveIntegerField(_("points for the member"), default=500)
    friend_points = models.PositiveIntegerField(_("points for the friend"), default=500)
    minimum_order_minor = models.BigIntegerField(_("smallest first order"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    window_days = models.PositiveSmallIntegerField(_("days from claim to order"), default=30)
    hold_days = models.PositiveSmallIntegerField(_("return period in days"), default=14)
    yearly_cap = models.PositiveSmallIntegerField(_("rewards per member and year"), default=20)
    terms = models.TextField(_("terms"), blank=True, default="")
    is_active = models.BooleanField(_("active"), default=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("referral programme")
        verbose_name_plural = _("referral programmes")
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_active_programme"),
            models.CheckConstraint(condition=Q(minimum_order_minor__gte=0), name="minimum_order_not_negative"),
            models.CheckConstraint(condition=Q(window_days__range=(1, 365)), name="referral_window_range"),
            models.CheckConstraint(condition=Q(hold_days__lte=120), name="referral_hold_range"),
        ]

    def __str__(self) -> str:
        return self.name


class Code(models.Model):
    """The personal code of one customer, 64 random bits, the same in every programme.

    `owner_…` are keyed hashes of the browser and network from which the owner last opened the share page. The code of a
    customer who was merged into another has no customer; it `leads_to` the other's code, so that printed links go on.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, null=True, related_name="referral_code")
    leads_to = models.ForeignKey("self", on_delete=models.CASCADE, null=True, editable=False, related_name="+")
    code = models.CharField(_("code"), max_length=40)
    created_at = models.DateTimeField(_("created"))
    owner_visitor_hash = models.CharField(max_length=64, blank=True, default="")
    owner_network_hash = models.CharField(max_length=64, blank=True, default="")
    owner_agent_hash = models.CharField(max_length=64, blank=True, default="")
    owner_seen_at = models.DateTimeField(_("share page opened"), null=True, blank=True)

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")
        constraints = [models.UniqueConstraint(Upper("code"), name="referral_code_once")]

    def __str__(self) -> str:
        return self.code


class Click(models.Model):
    """A new visitor on a friend page. The network is a keyed hash with a monthly salt, cleared after 90 days."""

    code = models.ForeignKey(Code, on_delete=models.CASCADE, related_name="clicks", db_index=False)
    at = models.DateTimeField(_("time"))
    visitor_hash = models.CharField(max_length=64, blank=True, default="")
    network_hash = models.CharField(max_length=64, blank=True, default="")
    user_agent = models.CharField(_("browser"), max_length=200, blank=True, default="")
    is_bot = models.BooleanField(_("machine"), default=False)
    medium = models.CharField(_("shared by"), max_length=20, blank=True, default="")

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        indexes = [
            models.Index(fields=["code", "at"], name="referral_click_code"),
            models.Index(fields=["at"], name="referral_click_at"),
        ]

    def __str__(self) -> str:
        return f"click on {self.code_id}"


class Referral(models.Model):
    """One friend brought by one member. The points are those promised when the friend claimed the offer.

    `email_hash` is a keyed hash of the normalised address: it binds the friend once per programme and survives erasure.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="referrals")
    code = models.ForeignKey(Code, on_delete=models.CASCADE, related_name="referrals", db_index=False)
    advocate = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="referrals_made")
    friend = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="referrals_received", db_index=False
    )
    email = models.EmailField(_("friend’s e-mail"), max_length=254, blank=True, default="")
    email_hash = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=ReferralState, default=ReferralState.CLAIMED)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True, default="")
    advocate_points = models.PositiveIntegerField(_("points for the member"))
    friend_points = models.PositiveIntegerField(_("points for the friend"))
    score = models.PositiveSmallIntegerField(_("fraud score"), default=0)
    visitor_hash = models.CharField(max_length=64, blank=True, default="")
    network_hash = models.CharField(max_length=64, blank=True, default="")
    agent_hash = models.CharField(max_length=64, blank=True, default="")
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    order_number = models.CharField(_("order"), max_length=80, blank=True, default="")
    order_minor = models.BigIntegerField(_("order total"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"))
    expires_at = models.DateTimeField(_("order until"))
    signed_up_at = models.DateTimeField(_("signed up"), null=True, blank=True)
    qualified_at = models.DateTimeField(_("ordered"), null=True, blank=True)
    hold_until = models.DateTimeField(_("return period ends"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    rewarded_at = models.DateTimeField(_("rewarded"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"))
    source = models.CharField(_("source"), max_length=20, default="link")

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        permissions = [("review_referral", "Can approve and void referrals")]
        constraints = [
            models.UniqueConstraint(fields=["code", "email_hash"], name="referral_code_and_address_once"),
            models.UniqueConstraint(
                fields=["programme", "email_hash"],
                condition=~Q(state__in=[str(s) for s in UNBOUND]),
                name="address_referred_once",
            ),
            models.UniqueConstraint(
                fields=["friend"],
                condition=Q(friend__isnull=False) & ~Q(state__in=[str(s) for s in UNBOUND]),
                name="customer_referred_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["blocked", "voided"]) | Q(friend__isnull=True) | ~Q(friend=models.F("advocate")),
                name="nobody_refers_themselves",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "claimed_at"], name="referral_state_claimed"),
            models.Index(fields=["friend"], name="referral_friend", condition=Q(friend__isnull=False)),
            models.Index(fields=["hold_until"], name="referral_hold_due", condition=Q(state__in=["in_hold", "approved"])),
            models.Index(
                fields=["expires_at"], name="referral_expiry_due", condition=Q(state__in=["claimed", "signed_up"])
            ),
            models.Index(
                fields=["email_hash"],
                name="referral_unlinked",
                condition=Q(state__in=["claimed", "signed_up"], friend__isnull=True),
            ),
            models.Index(fields=["network_hash", "claimed_at"], name="referral_network"),
        ]

    def __str__(self) -> str:
        return f"referral {self.pk}"


class StateChange(models.Model):
    """From where to where a referral went, when, why, and by whom. Rows are only ever added."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="changes")
    from_state = models.CharField(_("from"), max_length=10, choices=ReferralState, blank=True, default="")
    to_state = models.CharField(_("to"), max_length=10, choices=ReferralState)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True, default="")
    note = models.CharField(_("note"), max_length=500, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("change of a referral")
        verbose_name_plural = _("changes of referrals")

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"


class RewardGrant(models.Model):
    """One reward of one side of a referral; `key` is the occasion named to the points programme."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="grants", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="referral_rewards", db_index=False)
    role = models.CharField(_("for"), max_length=10, choices=Role)
    points = models.PositiveIntegerField(_("points"))
    state = models.CharField(_("state"), max_length=10, choices=GrantState)
    key = models.CharField(_("key"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created"))
    granted_at = models.DateTimeField(_("given"), null=True, blank=True)
    reversed_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [models.UniqueConstraint(fields=["referral", "role"], name="reward_once_per_role")]
        indexes = [models.Index(fields=["customer", "role", "granted_at"], name="reward_customer_role")]

    def __str__(self) -> str:
        return f"{self.points} points for the {self.role}"


class FraudSignal(models.Model):
    """One sign of misuse with its weight and evidence. Rows are only ever added."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="signals", db_index=False)
    kind = models.CharField(_("sign"), max_length=20, choices=SignalKind)
    score = models.PositiveSmallIntegerField(_("weight"))
    evidence = models.CharField(_("evidence"), max_length=200, blank=True, default="")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("sign of misuse")
        verbose_name_plural = _("signs of misuse")
        constraints = [models.UniqueConstraint(fields=["referral", "kind"], name="signal_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.score}"


class RewardTally(models.Model):
    """How many friends of each customer were rewarded: one row per customer, for segments, lists and merge."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="referral_tally")
    rewarded_count = models.IntegerField(_("friends rewarded"), default=0, db_index=True)

    class Meta:
        verbose_name = _("referral tally")
        verbose_name_plural = _("referral tallies")
        constraints = [models.CheckConstraint(condition=Q(rewarded_count__gte=0), name="tally_not_negative")]

    def __str__(self) -> str:
        return f"{self.rewarded_count} by {self.customer_id}"
