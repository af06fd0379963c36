"""Periods that people choose: 28 days, 90 days, 12 months, or from and to."""

from dataclasses import dataclass
from datetime import date, timedelta

LENGTHS = {"28d": 28, "90d": 90, "12m": 365}
LONGEST = 3660


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of the same length that ends the day before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def named(name: str, *, last: date) -> Period:
    """The named period that ends on `last`; 28 days for a name nobody knows."""
    return Period(last - timedelta(days=LENGTHS.get(name, 28) - 1), last)


def month_start(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """First day of the month `count` months after the month of `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """Calendar months from the month of `first` to that of `last`."""
    return (last.year - first.year) * 12 + last.month - first.month


def months(first: date, last: date) -> list[date]:
    """First days of all months from that of `first` to that of `last`."""
    return [add_months(first, k) for k in range(months_between(first, last) + 1)]


def in_runs(days: list[date], *, gap: int = 7) -> list[Period]:
    """Days gathered into periods; days at most `gap` apart share one, because a statement costs more than a few days."""
    runs: list[Period] = []
    for day in sorted(set(days)):
        if runs and (day - runs[-1].last).days <= gap:
            runs[-1] = Period(runs[-1].first, day)
        else:
            runs.append(Period(day, day))
    return runs
