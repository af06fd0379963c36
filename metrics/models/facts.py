"""Facts per day and per month: always with numerator and denominator, so that rates of longer periods come from sums."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from metrics.enums import Family


class DailyFact(models.Model):
    """One metric on one day in the account's time zone. Rebuilt by delete-and-insert, never changed by hand.

    `dimension` is empty for the whole account; "source" facts belong to one sender of messages ("campaign:12"),
    "currency" facts to orders in another currency than the account's. Money is in minor units.
    """

    day = models.DateField(_("day"))
    metric = models.CharField(_("metric"), max_length=40)
    dimension = models.CharField(_("split by"), max_length=20, blank=True, default="")
    dimension_value = models.CharField(_("part"), max_length=80, blank=True, default="")
    value = models.FloatField(_("value"), null=True)
    numerator = models.BigIntegerField(_("numerator"))
    denominator = models.BigIntegerField(_("denominator"), null=True)
    definition_version = models.PositiveSmallIntegerField(_("version of the definition"))
    is_final = models.BooleanField(_("final"))
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("daily fact")
        verbose_name_plural = _("daily facts")
        constraints = [
            models.UniqueConstraint(fields=["day", "metric", "dimension", "dimension_value"], name="daily_fact_once")
        ]
        indexes = [models.Index(fields=["dimension", "dimension_value", "day"], name="daily_fact_part")]

    def __str__(self) -> str:
        return f"{self.metric} on {self.day}: {self.value}"


class MonthlyFact(models.Model):
    """What days cannot be added up to: distinct buyers of a month, and its 90-day inactivity churn."""

    month = models.DateField(_("month"))
    metric = models.CharField(_("metric"), max_length=40)
    value = models.FloatField(_("value"), null=True)
    numerator = models.BigIntegerField(_("numerator"))
    denominator = models.BigIntegerField(_("denominator"), null=True)
    definition_version = models.PositiveSmallIntegerField(_("version of the definition"))
    is_complete = models.BooleanField(_("month is over"))
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("monthly fact")
        verbose_name_plural = _("monthly facts")
        constraints = [models.UniqueConstraint(fields=["month", "metric"], name="monthly_fact_once")]

    def __str__(self) -> str:
        return f"{self.metric} in {self.month:%Y-%m}: {self.value}"


class DirtyDay(models.Model):
    """A past day whose truth changed later. `marks` counts the changes: a roll-up clears only what it saw."""

    day = models.DateField(_("day"))
    family = models.CharField(_("facts"), max_length=10, choices=Family)
    reason = models.CharField(_("reason"), max_length=80)
    marks = models.IntegerField(_("changes"), default=0)
    marked_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("day to recompute")
        verbose_name_plural = _("days to recompute")
        constraints = [models.UniqueConstraint(fields=["day", "family"], name="dirty_day_once")]

    def __str__(self) -> str:
        return f"{self.family} of {self.day}"
