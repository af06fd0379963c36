"""Customers and the facts kept about each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.enums import IdentityKind, Market, Stage, SubscriptionStatus, UsageLevel


class Customer(models.Model):
    """A person (or organisation) the company already serves, or who asked to hear from it."""

    external_id = models.CharField(_("external id"), max_length=120, null=True, blank=True, unique=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="", db_index=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    locale = models.CharField(_("language"), max_length=16, blank=True, default="")
    timezone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    company = models.CharField(_("company"), max_length=200, blank=True, default="")
    industry = models.CharField(_("industry"), max_length=120, blank=True, default="")
    market = models.CharField(_("market"), max_length=12, choices=Market, blank=True, default="")
    persona = models.CharField(_("persona"), max_length=80, blank=True, default="")
    plan = models.CharField(_("plan"), max_length=80, blank=True, default="")
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, blank=True, default="")
    usage_level = models.CharField(_("product usage"), max_length=8, choices=UsageLevel, blank=True, default="")
    acquisition_channel = models.CharField(_("acquisition channel"), max_length=80, blank=True, default="")
    acquisition_cost_minor = models.BigIntegerField(_("acquisition cost"), null=True, blank=True)
    acquired_on = models.DateField(_("acquired on"), null=True, blank=True)
    born_on = models.DateField(_("birthday"), null=True, blank=True)
    renews_on = models.DateField(_("renewal date"), null=True, blank=True, db_index=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), db_index=True)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [("export_customer", "Can export customers"), ("import_customer", "Can import customers")]
        # `db_index` would add a second index of each for patterns, and each index slows down an import.
        indexes = [
            models.Index(fields=["country"], name="customer_country"),
            models.Index(fields=["stage"], name="customer_stage"),
            models.Index(fields=["plan"], name="customer_plan", condition=~Q(plan="")),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id or f"#{self.pk}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class CustomerFacts(models.Model):
    """Running facts of one customer, kept by the timeline's subscribers and reconciled nightly from orders and events.

    Money is in the brand's currency, minor units. `order_count` counts paid orders that are not refunded in full. What is
    known of subscriptions is kept by `customers.commerce.actions.movements`, whenever one changes.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    order_count = models.IntegerField(_("orders"), default=0)
    revenue_minor = models.BigIntegerField(_("revenue"), default=0)
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)
    first_order_at = models.DateTimeField(_("first order"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True, db_index=True)
    event_count = models.BigIntegerField(_("events"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"), null=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, db_index=True)
    mrr_minor = models.BigIntegerField(_("MRR"), default=0, db_default=0)
    subscription_count = models.IntegerField(_("running subscriptions"), default=0, db_default=0)
    subscription_status = models.CharField(
        _("subscription"), max_length=10, choices=SubscriptionStatus, blank=True, default="", db_default=""
    )
    subscribed_since = models.DateTimeField(_("subscribed since"), null=True)
    subscription_ends_at = models.DateTimeField(_("cancelled for"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("customer facts")
        indexes = [
            models.Index(fields=["order_count", "customer"], name="facts_order_count"),
            models.Index(fields=["revenue_minor", "customer"], name="facts_revenue"),
        ]

    def __str__(self) -> str:
        return f"facts of {self.customer_id}"


class Identity(models.Model):
    """Another id under which a customer is known: a browser's anonymous id, a former external id, an id of a source.

    `Customer.external_id` is looked up first; a row here says where an id that is not (or no longer) one leads.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=IdentityKind)
    value = models.CharField(_("id"), max_length=255)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    linked_at = models.DateTimeField(_("linked"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class CustomerNote(models.Model):
    """What a colleague wrote down about a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", db_index=False)
    text = models.TextField(_("note"), max_length=4000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("note on a customer")
        verbose_name_plural = _("notes on customers")
        indexes = [models.Index(fields=["customer", "created_at"], name="note_customer_created")]

    def __str__(self) -> str:
        return self.text[:60]
