"""Segments, who is in them, and how that came about."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import ChangeCause, SegmentKind
from customers.models.people import Customer


class Segment(models.Model):
    """A named set of customers. `definition` is the JSON tree of `docs/segments.md`; `version` counts its saves.

    `is_quiet`: the next whole fill after an edit is not told to the timeline, so it starts nothing. `attempts` and
    `retry_at` hold back rules that ran into the time limit; `seconds` is what the last whole evaluation took. `drift_*` is
    what the last nightly check that found anything had to repair.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("short name"), max_length=140, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=8, choices=SegmentKind, default=SegmentKind.DYNAMIC)
    definition = models.JSONField(_("rules"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)
    is_ready_made = models.BooleanField(_("ready-made"), default=False)
    member_count = models.PositiveIntegerField(_("members"), default=0)
    refreshed_at = models.DateTimeField(_("refreshed"), null=True, blank=True)
    boundary_at = models.DateTimeField(_("windows followed until"), null=True, blank=True, editable=False)
    problem = models.CharField(_("problem"), max_length=300, blank=True, default="", editable=False)
    is_quiet = models.BooleanField(_("next change is quiet"), default=False, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    retry_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    seconds = models.FloatField(_("seconds to evaluate"), null=True, blank=True, editable=False)
    drift_at = models.DateTimeField(_("nightly check repaired"), null=True, blank=True, editable=False)
    drift_entered = models.PositiveIntegerField(_("entered by that check"), default=0, editable=False)
    drift_left = models.PositiveIntegerField(_("left by that check"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentVersion(models.Model):
    """The rules that a segment had from `saved_at` until the next version was saved. Rows are only ever added."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("rules"))
    is_quiet = models.BooleanField(_("started nothing"), default=False)
    saved_at = models.DateTimeField(_("saved"))
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("version of a segment")
        verbose_name_plural = _("versions of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "version"], name="segment_version_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.version}"


class SegmentMembership(models.Model):
    """A customer who is in a segment now."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")
    entered_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("segment membership")
        verbose_name_plural = _("segment memberships")
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"


class SegmentChange(models.Model):
    """A customer entered or left a segment. Rows are only ever added.

    `is_announced` is False until the event `segment.entered` or `segment.left` of this change is on the timeline.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="changes", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="segment_changes")
    entered = models.BooleanField(_("entered"))
    version = models.PositiveIntegerField(_("version of the rules"))
    changed_at = models.DateTimeField(_("changed"))
    cause = models.CharField(_("cause"), max_length=5, choices=ChangeCause, blank=True, default="")
    is_announced = models.BooleanField(_("on the timeline"), default=True)

    class Meta:
        verbose_name = _("segment change")
        verbose_name_plural = _("segment changes")
        indexes = [
            models.Index(fields=["segment", "changed_at", "id"], name="segment_change_order"),
            models.Index(fields=["id"], name="segment_change_waiting", condition=models.Q(is_announced=False)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {'entered' if self.entered else 'left'} {self.segment_id}"


class SegmentCount(models.Model):
    """Size of a segment at the end of a day and what moved on it, for the growth chart."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="counts")
    day = models.DateField(_("day"))
    member_count = models.PositiveIntegerField(_("members"))
    entered = models.PositiveIntegerField(_("entered"), null=True, blank=True)
    left = models.PositiveIntegerField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("segment size")
        verbose_name_plural = _("segment sizes")
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="segment_count_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} on {self.day}: {self.member_count}"


class SegmentTouch(models.Model):
    """A customer to whom something happened that some segment asks about; taken and removed within seconds.

    `name` is an event's name, or `segment:<id>` when membership of a segment that others ask about has changed. No
    constraint holds the rows together: they are written with every batch of events and must cost nothing.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    name = models.CharField(_("name"), max_length=80)
    touched_at = models.DateTimeField(_("touched"))

    class Meta:
        verbose_name = _("touched customer")
        verbose_name_plural = _("touched customers")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.name}"
