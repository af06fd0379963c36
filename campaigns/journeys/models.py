"""Journeys, their versions and steps, who is inside, and what happened to each person at each step."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.journeys.enums import ACTIVE, EnrolmentState, JourneyState, Outcome, Reentry, StepKind
from campaigns.models.content import Content, ContentVersion
from customers.models import Customer, Topic

IS_ACTIVE = Q(state__in=ACTIVE)


class Journey(models.Model):
    """A path that customers walk by themselves. `entry`, `goal` and `exits` are read by `journeys.rules.triggers`."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=140, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=JourneyState, default=JourneyState.DRAFT)
    entry = models.JSONField(_("entry"), default=dict)
    goal = models.JSONField(_("goal"), default=dict, blank=True)
    exits = models.JSONField(_("exit conditions"), default=list, blank=True)
    reentry = models.CharField(_("re-entry"), max_length=10, choices=Reentry, default=Reentry.ONCE)
    reentry_days = models.PositiveSmallIntegerField(_("days until re-entry"), default=0)
    holdout_percent = models.PositiveSmallIntegerField(_("held out"), default=10, validators=[MaxValueValidator(50)])
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    activated_at = models.DateTimeField(_("live since"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        app_label = "campaigns"
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        permissions = [("publish_journey", "Can publish, pause and stop journeys")]
        constraints = [
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="journey_holdout_at_most_half"),
            models.CheckConstraint(
                condition=~Q(state=JourneyState.LIVE) | Q(activated_at__isnull=False), name="journey_live_has_start"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """The steps as published once; people stay on the version they entered. Without `published_at` it is the draft.

    The counts belong to this version and move in the transaction of what they count.
    """

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    graph = models.JSONField(_("steps"), default=dict)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    entered_count = models.PositiveBigIntegerField(_("entered"), default=0)
    control_count = models.PositiveBigIntegerField(_("held out"), default=0)
    completed_count = models.PositiveBigIntegerField(_("completed"), default=0)
    exited_count = models.PositiveBigIntegerField(_("left early"), default=0)
    goal_count = models.PositiveBigIntegerField(_("reached the goal"), default=0)
    control_goal_count = models.PositiveBigIntegerField(_("reached the goal, held out"), default=0)

    class Meta:
        app_label = "campaigns"
        verbose_name = _("journey version")
        verbose_name_plural = _("journey versions")
        constraints = [
            models.UniqueConstraint(fields=["journey", "number"], name="journey_version_once"),
            models.UniqueConstraint(fields=["journey"], condition=Q(published_at=None), name="journey_one_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} v{self.number}"


class JourneyStep(models.Model):
    """One step of one version as a row, so that enrolments, messages and counts can point at it.

    `key` stays the same from version to version: what a person got at this step they do not get again. `content` is
    what staff edit; `content_version` is what this published version sends.
    """

    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="steps", db_index=False)
    key = models.CharField(_("key"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=StepKind)
    name = models.CharField(_("name"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"))
    content = models.ForeignKey(Content, on_delete=models.PROTECT, null=True, blank=True, related_name="journey_steps")
    content_version = models.ForeignKey(
        ContentVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="journey_steps"
    )
    event = models.CharField(_("waits for"), max_length=80, blank=True, default="")
    passed_count = models.PositiveBigIntegerField(_("passed"), default=0)
    skipped_count = models.PositiveBigIntegerField(_("skipped"), default=0)

    class Meta:
        app_label = "campaigns"
        verbose_name = _("journey step")
        verbose_name_plural = _("journey steps")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="journey_step_once")]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """One run of one customer through a journey: where they stand, and when the next thing is due.

    `due_at` is when the present step is to be done or its wait ends; with `waiting_event` it is the time-out. `run_key`
    names the occasion of the entry, so that the same occasion enrols once; `run` counts a customer's runs. `control`
    rows are held out: they never get steps, only `goal_at`.
    """

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="enrolments", db_index=False)
    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="enrolments", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="journey_enrolments", db_index=False)
    step = models.ForeignKey(
        JourneyStep, on_delete=models.PROTECT, null=True, blank=True, related_name="enrolments", db_index=False
    )
    state = models.CharField(_("state"), max_length=13, choices=EnrolmentState)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    entered_at = models.DateTimeField(_("entered"))
    moved_at = models.DateTimeField(_("at this step since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    goal_at = models.DateTimeField(_("goal reached"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=60, blank=True, default="")
    run_key = models.CharField(_("occasion"), max_length=60)
    run = models.PositiveSmallIntegerField(_("run"), default=1)
    is_generated = models.BooleanField(_("generated"), default=False)

    class Meta:
        app_label = "campaigns"
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(fields=["journey", "customer", "run_key"], name="enrolment_once"),
            models.UniqueConstraint(fields=["customer", "journey"], condition=IS_ACTIVE, name="enrolment_one_active"),
            models.CheckConstraint(
                condition=(IS_ACTIVE & Q(step__isnull=False, due_at__isnull=False, ended_at__isnull=True))
                | (~IS_ACTIVE & Q(due_at__isnull=True)),
                name="enrolment_active_is_due",
            ),
        ]
        indexes = [
            models.Index(fields=["step", "due_at"], condition=IS_ACTIVE, name="enrolment_due"),
            models.Index(fields=["customer", "entered_at"], name="enrolment_customer"),
            models.Index(fields=["journey", "entered_at"], name="enrolment_journey_entered"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.journey_id}: {self.state}"


class StepLog(models.Model):
    """What happened to a person at a step. Rows are only ever added; `step` is empty for entry and end."""

    id = models.BigAutoField(primary_key=True)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="log")
    step = models.ForeignKey(JourneyStep, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("time"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        app_label = "campaigns"
        verbose_name = _("journey step log")
        verbose_name_plural = _("journey step log")

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.outcome}"
