"""Choices of metrics."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Family(TextChoices):
    """Which facts of a day belong together: they are computed by the same statements and rebuilt together."""

    ORDERS = "orders", _("Orders and money")
    LIFECYCLE = "lifecycle", _("New, active and lapsed customers")
    CUSTOMERS = "customers", _("Customer list")
    TIMELINE = "timeline", _("Messages, consent and programmes")
    SURVEYS = "surveys", _("Survey answers")


class RfmClass(TextChoices):
    CHAMPIONS = "champions", _("Champions")
    LOYAL = "loyal", _("Loyal")
    PROMISING = "promising", _("Promising")
    NEW = "new", _("New")
    NEEDS_ATTENTION = "needs_attention", _("Needs attention")
    AT_RISK = "at_risk", _("At risk")
    HIBERNATING = "hibernating", _("Hibernating")
    LOST = "lost", _("Lost")
