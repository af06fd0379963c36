"""Tables of this app."""

from metrics.models.customers import CohortCell, RfmScore
from metrics.models.facts import DailyFact, DirtyDay, MonthlyFact

__all__ = ["CohortCell", "DailyFact", "DirtyDay", "MonthlyFact", "RfmScore"]
