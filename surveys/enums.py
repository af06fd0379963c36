"""Choices of surveys."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SurveyKind(TextChoices):
    NPS = "nps", _("Net Promoter Score")


class SurveyState(TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    CLOSED = "closed", _("Closed")


class Band(TextChoices):
    DETRACTOR = "detractor", _("Detractor")
    PASSIVE = "passive", _("Passive")
    PROMOTER = "promoter", _("Promoter")


class ResponseState(TextChoices):
    PROVISIONAL = "provisional", _("Not confirmed yet")
    CONFIRMED = "confirmed", _("Confirmed")


class Suspicion(TextChoices):
    """Why an answer looks like a machine's: it is kept, but counted nowhere."""

    NONE = "", _("No")
    MANY_SCORES = "many_scores", _("Several scores within 10 seconds")
    TOO_SOON = "too_soon", _("Answered within a minute of the delivery, without a word")
    SCANNER = "scanner", _("Sent by a link scanner")
