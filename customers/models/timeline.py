"""The one timeline: events, their inbox, what failed, and counts per customer and name."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.people import Customer


class Event(models.Model):
    """Something that happened to a customer. Rows are only ever added."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="events", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    occurred_at = models.DateTimeField(_("occurred"))
    local_day = models.DateField(_("day"))
    received_at = models.DateTimeField(_("received"))
    properties = models.JSONField(_("properties"), default=dict)
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    source = models.CharField(_("source"), max_length=40)
    key = models.UUIDField(_("key"), unique=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["customer", "occurred_at"], name="event_customer_occurred"),
            models.Index(fields=["name", "occurred_at", "customer"], name="event_name_occurred_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class PendingEvent(models.Model):
    """The inbox: an event whose subscribers have not run yet."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True)

    class Meta:
        verbose_name = _("pending event")
        verbose_name_plural = _("pending events")

    def __str__(self) -> str:
        return f"pending {self.event_id}"


class FailedEvent(models.Model):
    """An event that one handler could not take; staff see it on the watchdog page and can retry it."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="failures")
    handler = models.CharField(_("handler"), max_length=120)
    error = models.TextField(_("error"))
    failed_at = models.DateTimeField(_("failed"))

    class Meta:
        verbose_name = _("failed event")
        verbose_name_plural = _("failed events")
        constraints = [models.UniqueConstraint(fields=["event"], name="failed_event_once")]

    def __str__(self) -> str:
        return f"{self.handler}: event {self.event_id}"


class EventAggregate(models.Model):
    """How often, first and last time one customer did one thing."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="aggregates", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    count = models.IntegerField(_("count"), default=0)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("event count")
        verbose_name_plural = _("event counts")
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="aggregate_once")]
        indexes = [models.Index(fields=["name", "last_at", "customer"], name="aggregate_name_last")]

    def __str__(self) -> str:
        return f"{self.name} x {self.count}"
