"""The tracking plan: which events, properties and attributes were seen, and whether they are as planned."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import PlanStatus


class TrackedEvent(models.Model):
    """One event name: how often and when it was seen, the last payload, and what staff say about it.

    A name that is blocked is refused at intake.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    status = models.CharField(_("status"), max_length=8, choices=PlanStatus, default=PlanStatus.SEEN)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    count = models.BigIntegerField(_("count"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"), null=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True)
    sample = models.JSONField(_("last payload"), default=dict)
    source = models.CharField(_("source"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("tracked event")
        verbose_name_plural = _("tracked events")

    def __str__(self) -> str:
        return self.name


class TrackedProperty(models.Model):
    """One property of an event, or (with an empty event name) one custom attribute of customers.

    `types` counts the JSON types seen; `expected_type` is what staff fixed or the first type seen; a different one raises
    `warned_at`, which staff clear.
    """

    event = models.CharField(_("event"), max_length=80, blank=True, default="")
    name = models.CharField(_("name"), max_length=120)
    expected_type = models.CharField(_("type"), max_length=10)
    is_planned = models.BooleanField(_("planned"), default=False)
    is_required = models.BooleanField(_("required"), default=False)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    types = models.JSONField(_("types seen"), default=dict)
    count = models.BigIntegerField(_("count"), default=0)
    example = models.CharField(_("example"), max_length=200, blank=True, default="")
    missing_count = models.BigIntegerField(_("events without it"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"), null=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True)
    warned_at = models.DateTimeField(_("type changed"), null=True)
    warning = models.CharField(_("warning"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("tracked property")
        verbose_name_plural = _("tracked properties")
        constraints = [models.UniqueConstraint(fields=["event", "name"], name="tracked_property_once")]

    def __str__(self) -> str:
        return f"{self.event}.{self.name}"


class TrackedDay(models.Model):
    """How often an event was seen on one day of the account's time zone."""

    name = models.CharField(_("name"), max_length=80)
    day = models.DateField(_("day"))
    count = models.BigIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("day of an event")
        verbose_name_plural = _("days of events")
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="tracked_day_once")]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}: {self.count}"


class TrackedBatch(models.Model):
    """What one batch of events held, in one row; a job folds the rows into the plan within seconds.

    The timeline's workers only ever add rows here: upserts of the same few names would make them wait for each other.
    """

    summary = models.JSONField(_("summary"))

    class Meta:
        verbose_name = _("batch to fold in")
        verbose_name_plural = _("batches to fold in")

    def __str__(self) -> str:
        return f"batch {self.pk}"
