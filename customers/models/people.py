"""Customers and the facts kept about each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import Market, Stage


class Customer(models.Model):
    """A person (or organisation) the company already serves, or who asked to hear from it."""

    external_id = models.CharField(_("external id"), max_length=120, null=True, blank=True, unique=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="", db_index=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    locale = models.CharField(_("language"), max_length=16, blank=True, default="")
    timezone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="", db_index=True)
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    company = models.CharField(_("company"), max_length=200, blank=True, default="")
    industry = models.CharField(_("industry"), max_length=120, blank=True, default="")
    market = models.CharField(_("market"), max_length=12, choices=Market, blank=True, default="")
    persona = models.CharField(_("persona"), max_length=80, blank=True, default="")
    plan = models.CharField(_("plan"), max_length=80, blank=True, default="")
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, blank=True, default="", db_index=True)
    acquisition_channel = models.CharField(_("acquisition channel"), max_length=80, blank=True, default="")
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

    def __str__(self) -> str:
        return self.name or self.email or self.external_id or f"#{self.pk}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class CustomerFacts(models.Model):
    """Running facts of one customer, kept by the timeline's subscribers and reconciled nightly from orders and events.

    Money is in the brand's currency, minor units. `order_count` counts paid orders that are not refunded in full.
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

    class Meta:
        verbose_name = verbose_name_plural = _("customer facts")
        indexes = [models.Index(fields=["order_count"]), models.Index(fields=["revenue_minor"])]

    def __str__(self) -> str:
        return f"facts of {self.customer_id}"
