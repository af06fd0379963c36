"""Choices of journeys."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class JourneyState(TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")


class Reentry(TextChoices):
    ONCE = "once", _("Once only")
    AFTER_END = "after_end", _("Again, once the last time is over")
    AFTER_DAYS = "after_days", _("Again, a number of days after the last time began")


class EnrolmentState(TextChoices):
    WAITING = "waiting", _("On the way")
    WAITING_EVENT = "waiting_event", _("Waiting for an event")
    COMPLETED = "completed", _("Completed")
    EXITED = "exited", _("Left early")
    GOAL = "goal", _("Reached the goal")
    CONTROL = "control", _("Held out")


ACTIVE = (EnrolmentState.WAITING, EnrolmentState.WAITING_EVENT)


class StepKind(TextChoices):
    SEND = "send", _("Send e-mail")
    WAIT = "wait", _("Wait")
    WAIT_EVENT = "wait_event", _("Wait until something happens")
    SPLIT = "split", _("Split by condition")
    EFFECT = "effect", _("Do something")
    EXIT = "exit", _("Leave the journey")


class Outcome(TextChoices):
    ENTERED = "entered", _("Entered")
    HELD_OUT = "held_out", _("Held out for comparison")
    PLANNED = "planned", _("Message planned")
    WAITED = "waited", _("Wait is over")
    HAPPENED = "happened", _("It happened")
    TIMED_OUT = "timed_out", _("Time ran out")
    YES = "yes", _("Condition met")
    NO = "no", _("Condition not met")
    APPLIED = "applied", _("Done")
    SKIPPED = "skipped", _("Skipped")
    COMPLETED = "completed", _("Reached the end")
    EXITED = "exited", _("Left early")
    GOAL = "goal", _("Reached the goal")
