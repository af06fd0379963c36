"""How many points an order earns, and when they can be spent and end."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

PERCENT = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """`points` for every `per_minor` minor units; rounded once per order, down or to the nearest point."""

    points: int
    per_minor: int
    rounds_down: bool = True


def points_for(amount_minor: int, rate: Rate, multiplier_percent: int = PERCENT) -> int:
    """Points of an order of `amount_minor` net of discounts, in whole-number arithmetic: no cent is lost to floats."""
    above = max(amount_minor, 0) * rate.points * multiplier_percent
    below = rate.per_minor * PERCENT
    return above // below if rate.rounds_down else (2 * above + below) // (2 * below)


def explain(amount_minor: int, rate: Rate, multiplier_percent: int, tier: str, points: int) -> dict[str, Any]:
    """The breakdown kept on the entry: enough to count the points again by hand."""
    return {
        "amount_minor": amount_minor,
        "points": rate.points,
        "per_minor": rate.per_minor,
        "factor_percent": multiplier_percent,
        "tier": tier,
        "rounding": "floor" if rate.rounds_down else "nearest",
        "result": points,
    }


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_day(day: date, *, months: int, at_month_end: bool) -> date | None:
    """The last day on which points earned on `day` can be spent; None when points never end (`months` 0)."""
    if not months:
        return None
    end = add_months(day, months)
    return end.replace(day=calendar.monthrange(end.year, end.month)[1]) if at_month_end else end


def first_day(day: date, *, pending_days: int) -> date:
    """The day from which points earned on `day` can be spent."""
    return day + timedelta(days=pending_days)
