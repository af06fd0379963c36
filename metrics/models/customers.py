"""Cohorts of customers, and the score of each customer."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from metrics.enums import RfmClass


class CohortCell(models.Model):
    """Customers whose first paid order fell into `cohort`, and how many of them bought `offset` months later.

    `offset` 0 is the size of the cohort. A cell whose month is not over yet has `is_complete` false.
    """

    cohort = models.DateField(_("month of first order"))
    offset = models.PositiveSmallIntegerField(_("months later"))
    customers = models.IntegerField(_("customers"))
    revenue_minor = models.BigIntegerField(_("revenue"))
    is_complete = models.BooleanField(_("month is over"))
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("cohort cell")
        verbose_name_plural = _("cohort cells")
        constraints = [models.UniqueConstraint(fields=["cohort", "offset"], name="cohort_cell_once")]

    def __str__(self) -> str:
        return f"{self.cohort:%Y-%m} +{self.offset}: {self.customers}"


SCORE = [MinValueValidator(1), MaxValueValidator(5)]


class RfmScore(models.Model):
    """Recency, frequency and monetary quintile of one buyer, 5 is best, with the figures behind the scores.

    `spend_percentile` is 1 to 100 by revenue among all buyers, so that 91 to 100 are the top 10 %.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="rfm")
    r = models.PositiveSmallIntegerField(_("recency score"), validators=SCORE)
    f = models.PositiveSmallIntegerField(_("frequency score"), validators=SCORE)
    m = models.PositiveSmallIntegerField(_("money score"), validators=SCORE)
    cell = models.PositiveSmallIntegerField(_("RFM"))
    rfm_class = models.CharField(_("RFM group"), max_length=16, choices=RfmClass, db_index=True)
    spend_percentile = models.PositiveSmallIntegerField(_("place by spend"), default=0, db_default=0)
    last_order_on = models.DateField(_("last order"))
    order_count = models.IntegerField(_("orders"))
    revenue_minor = models.BigIntegerField(_("revenue"))
    computed_on = models.DateField(_("computed for"))

    class Meta:
        verbose_name = _("RFM score")
        verbose_name_plural = _("RFM scores")
        indexes = [models.Index(fields=["r", "f", "revenue_minor"], name="rfm_cell_revenue")]
        constraints = [
            models.CheckConstraint(
                condition=Q(r__range=(1, 5)) & Q(f__range=(1, 5)) & Q(m__range=(1, 5)), name="rfm_scores_1_to_5"
            )
        ]

    def __str__(self) -> str:
        return f"{self.r}{self.f}{self.m}"
