"""Which tier a member holds: reached by a metric of its own, never by the balance that is spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from loyalty.rules.earning import add_months

BEGINNING = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Level:
    """A tier as the rules see it. Levels are passed sorted by threshold, the lowest first."""

    id: int
    name: str
    threshold: int
    multiplier_percent: int = 100


def qualified(levels: Sequence[Level], metric: int) -> Level | None:
    """The highest level whose threshold is reached. Level 0 of a programme that begins at 0 is everybody's."""
    for level in reversed(levels):
        if metric >= level.threshold:
            return level
    return levels[0] if levels and levels[0].threshold == 0 else None


def position(levels: Sequence[Level], level_id: int | None) -> int:
    """Index of a level; -1 for no tier."""
    for index, level in enumerate(levels):
        if level.id == level_id:
            return index
    return -1


def after_period(levels: Sequence[Level], current_id: int | None, metric: int, policy: str) -> int | None:
    """The level after a period has ended with `metric`: kept when still reached, otherwise lowered by the policy.

    A policy is "never", "one_down" or "to_qualified". Never raises above what was reached.
    """
    now, reached = position(levels, current_id), qualified(levels, metric)
    target = position(levels, reached.id if reached else None)
    if target >= now:
        return levels[target].id if target >= 0 else None
    if policy == "never":
        return current_id
    if policy == "one_down":
        target = max(target, now - 1)
    return levels[target].id if target >= 0 else None


@lru_cache(maxsize=4096)
def window_start(window: str, day: date) -> date:
    """The first day whose orders count on `day`: "rolling_12m", "calendar_year" or "lifetime"."""
    if window == "lifetime":
        return BEGINNING
    if window == "calendar_year":
        return day.replace(month=1, day=1)
    return date.fromordinal(add_months(day, -12).toordinal() + 1)


def period_end(window: str, day: date) -> date | None:
    """The last day of the stay that begins on `day`: 12 months, the end of the next calendar year, or never."""
    if window == "lifetime":
        return None
    if window == "calendar_year":
        return date(day.year + 1, 12, 31)
    return add_months(day, 12)


def metric_on(days: dict[date, tuple[int, int]], window: str, day: date, *, recheck_days: int = 0) -> int:
    """The metric on `day` from sums per day (all, and the negative part of it), in the window that ends there.

    Refunds of the next `recheck_days` that are known already count too: an order whose refund arrived first must not
    raise a tier which that refund would have taken back.
    """
    start = window_start(window, day)
    last = day.toordinal() + recheck_days
    total = 0
    for other, (amount, negative) in days.items():
        if start <= other <= day:
            total += amount
        elif other > day and other.toordinal() <= last:
            total += negative
    return total
