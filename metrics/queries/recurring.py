"""Recurring revenue: MRR by month, its movements, retention of cohorts and renewals, read from the movements themselves.

Nothing is rolled up: a late change of a subscription rewrites its movements, and these pages show it at once. Only the
terms that ended are kept for a quarter of an hour where reading them takes long: they need the whole history.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum

from config.kit.clock import now
from customers.commerce.queries import settings
from customers.commerce.rules.mrr import COUNTED, Cohort, Totals, ratio
from customers.enums import MovementKind
from customers.models import MrrMovement, Subscription
from metrics.queries import statements
from metrics.rules.periods import Period, months

CACHE_SECONDS = 900
SLOW_SECONDS = 0.5
KINDS = [str(kind) for kind in MovementKind.values]


@dataclass(frozen=True, slots=True)
class Month:
    """One month of MRR, or the part of it that lies in the period."""

    month: date
    totals: Totals
    moves: dict[str, int]
    customers_start: int
    customers_end: int
    joined: int
    lost: int

    @property
    def arpa(self) -> float | None:
        """MRR by customer at the end."""
        return ratio(self.totals.end, self.customers_end)

    @property
    def customer_churn(self) -> float | None:
        """Customers of the start who are none at the end, by customers of the start."""
        return ratio(self.lost, self.customers_start)


@dataclass(frozen=True, slots=True)
class Renewals:
    """Terms that ended and were decided, and those that are still open."""

    ends: int = 0
    renewed: int = 0
    due_minor: int = 0
    kept_minor: int = 0
    open: int = 0

    @property
    def rate(self) -> float | None:
        return ratio(self.renewed, self.ends)

    @property
    def revenue_rate(self) -> float | None:
        return ratio(self.kept_minor, self.due_minor)


def by_month(first: date, last: date) -> list[Month]:
    """Every month from that of `first` to that of `last`; the first and the last one may be in part. Three statements."""
    [(mrr, customers)] = statements.rows("mrr_before", first=first)
    sums: dict[date, dict[str, tuple[int, int]]] = {}
    for month, kind, moves, amount in statements.rows("mrr_by_month", first=first, last=last):
        sums.setdefault(month, {})[kind] = (int(moves), int(amount))
    people = {row[0]: row[1:] for row in statements.rows("mrr_customers_by_month", first=first, last=last)}
    level, count, found = int(mrr), int(customers), []
    for month in months(first, last):
        moved = sums.get(month, {})
        totals = Totals(level, **{kind: abs(moved.get(kind, (0, 0))[1]) for kind in KINDS})
        joined, lost = (int(value) for value in people.get(month, (0, 0)))
        moves = {kind: moved.get(kind, (0, 0))[0] for kind in KINDS}
        found.append(Month(month, totals, moves, count, count + joined - lost, joined, lost))
        level, count = totals.end, count + joined - lost
    return found


def total(rows: list[Month]) -> Totals:
    """The movements of several months as one."""
    start = rows[0].totals.start if rows else 0
    return Totals(start, **{kind: sum(getattr(row.totals, kind) for row in rows) for kind in KINDS})


def cohort(base: date, last: date) -> Cohort:
    """Who paid at the end of day `base`, and what became of them at the end of day `last`. One statement."""
    [(base_count, base_minor, kept_minor, now_minor, kept_count)] = statements.rows("mrr_cohort", base=base, last=last)
    return Cohort(int(base_minor), int(kept_minor), int(now_minor), int(base_count), int(kept_count))


def cohorts(period: Period) -> list[tuple[str, Cohort]]:
    """The period's own customers, and those of a year before its end."""
    starts = {"period": period.first - timedelta(days=1), "year": period.last - timedelta(days=365)}
    if starts["period"] == starts["year"]:
        starts = {"year": starts["year"]}
    return [(name, cohort(base, period.last)) for name, base in starts.items()]


def renewals(period: Period, *, today: date, known: "Ended | None" = None) -> dict[date, Renewals]:
    """Term ends of each month of a period. A term nobody renewed within the grace is lost; within it, it is open."""
    grace = settings.current().renewal_grace_days
    rows, _counted_at = known or ended(period)
    found = {row[0]: [int(value) for value in row[1:]] + [0] for row in rows}
    passed = Subscription.objects.filter(
        status__in=COUNTED, mrr_minor__gt=0, renews_on__gte=period.first, renews_on__lte=min(period.last, today)
    )
    for day, count, amount in _undecided(passed):
        row = found.setdefault(day.replace(day=1), [0, 0, 0, 0, 0])
        if (today - day).days <= grace:
            row[4] += count
        else:
            row[0], row[2] = row[0] + count, row[2] + amount
    return {month: Renewals(*found[month]) for month in sorted(found)}


Ended = tuple[list[tuple[Any, ...]], datetime]


def ended(period: Period) -> Ended:
    """Terms that ended by month, and when they were counted: where that takes long, at most fifteen minutes ago."""
    grace = settings.current().renewal_grace_days
    key = f"metrics:renewals:{grace}:{period.first}:{period.last}"
    kept: Ended | None = cache.get(key)
    if kept is not None:
        return kept
    started = time.monotonic()
    rows = statements.rows("renewals_by_month", pieces={"grace": str(grace)}, first=period.first, last=period.last)
    found = rows, now()
    if time.monotonic() - started > SLOW_SECONDS:
        cache.set(key, found, CACHE_SECONDS)
    return found


def _undecided(passed: QuerySet[Subscription]) -> list[tuple[date, int, int]]:
    rows = passed.order_by().values_list("renews_on").annotate(count=Count("id"), amount=Sum("mrr_minor"))
    return [(day, count, int(amount or 0)) for day, count, amount in rows if day is not None]


def all_of(rows: dict[date, Renewals]) -> Renewals:
    """The renewals of several months as one."""
    names = ("ends", "renewed", "due_minor", "kept_minor", "open")
    return Renewals(**{name: sum(getattr(row, name) for row in rows.values()) for name in names})


def movements(period: Period, kind: str) -> QuerySet[MrrMovement]:
    """The movements of a kind in a period with their customers, latest first."""
    rows = MrrMovement.objects.filter(local_day__range=(period.first, period.last), kind=kind)
    return rows.select_related("customer").order_by("-local_day", "-id")


def has_any() -> bool:
    """Whether there is anything to show."""
    return MrrMovement.objects.exists()


def reasons(period: Period) -> list[dict[str, Any]]:
    """Why MRR was lost in a period: churn and contraction by reason, the largest first."""
    rows = MrrMovement.objects.filter(Q(kind=MovementKind.CHURN) | Q(kind=MovementKind.CONTRACTION)).filter(
        local_day__range=(period.first, period.last)
    )
    counted = rows.order_by().values("kind", "reason").annotate(count=Count("id"), amount=Sum("amount_minor"))
    return sorted(({**row, "amount": -int(row["amount"])} for row in counted), key=lambda row: -row["amount"])
