"""Cohort retention, and retention of recurring revenue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weighted:
    """Retention in month k over all cohorts that lived through it: kept / size, summed before dividing."""

    month: int
    kept: int
    size: int
    cohorts: int

    @property
    def rate(self) -> float | None:
        return self.kept / self.size if self.size else None


def weighted(cohorts: Sequence[Sequence[int]], complete: Sequence[int], month: int) -> Weighted:
    """Retention in `month` (M1 is the month after the first order), weighted by cohort size over complete cells only.

    `cohorts[i][k]` are the customers of cohort i who bought k months later; `complete[i]` is how many leading cells of it
    lie in months that are over. "Exact" retention: bought in that very month (Amplitude "Return On", Mixpanel "On").
    """
    kept = size = count = 0
    for row, over in zip(cohorts, complete, strict=True):
        if over > month:
            kept, size, count = kept + row[month], size + row[0], count + 1
    return Weighted(month, kept, size, count)


def nrr(base: Mapping[object, int], current: Mapping[object, int]) -> float | None:
    """Net revenue retention of a fixed cohort: what the base's customers pay now / what they paid then.

    New customers are left out. Cohort (point to point) form, not the one from movements, which differs (PostHog handbook,
    "Retention metrics").
    """
    total = sum(base.values())
    return sum(current.get(key, 0) for key in base) / total if total else None


def grr(base: Mapping[object, int], current: Mapping[object, int]) -> float | None:
    """Gross revenue retention: like `nrr`, but growth of one customer never hides the loss of another; at most 1."""
    total = sum(base.values())
    return sum(min(current.get(key, 0), amount) for key, amount in base.items()) / total if total else None


def logo_retention(base: Mapping[object, int], current: Mapping[object, int]) -> float | None:
    """Customers of the base who still pay / customers of the base. Counts the surviving set, never subtracts totals."""
    paying = [key for key, amount in base.items() if amount > 0]
    return sum(1 for key in paying if current.get(key, 0) > 0) / len(paying) if paying else None
