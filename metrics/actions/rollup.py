"""Rebuilding facts from the truth.

`rollup` deletes and inserts the facts of a range of days in one transaction. Nothing is added to what was there, and each
day is computed from the truth alone, so days may be rebuilt in any order and as often as one likes.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from config.kit import sql
from config.kit.clock import local_day
from customers.queries import brand
from metrics import definitions
from metrics.enums import Family
from metrics.models import DailyFact
from metrics.queries import truth
from metrics.queries.truth import Figures
from metrics.rules.commerce import ratio

FINAL_AFTER_DAYS = 3
COLUMNS = (
    "day",
    "metric",
    "dimension",
    "dimension_value",
    "value",
    "numerator",
    "denominator",
    "definition_version",
    "is_final",
    "computed_at",
)
READERS: dict[Family, Callable[[date, date], Figures]] = {
    Family.ORDERS: truth.orders,
    Family.LIFECYCLE: truth.lifecycle,
    Family.CUSTOMERS: truth.customers,
    Family.TIMELINE: truth.timeline,
    Family.SURVEYS: truth.surveys,
}
METRICS: dict[Family, tuple[str, ...]] = {
    Family.ORDERS: ("orders", "revenue", "refunds", "buyers", "net_revenue", "aov"),
    Family.LIFECYCLE: (
        "new_customers",
        "repeat_customers",
        "active_customers",
        "buyers_28d",
        "lapsed",
        "reactivated",
    ),
    Family.CUSTOMERS: ("customers_created",),
    Family.TIMELINE: (
        *truth.EVENTS.values(),
        "delivered",
        "open_rate",
        "click_rate",
        "bounce_rate",
        "complaint_rate",
        "unsubscribe_rate",
    ),
    Family.SURVEYS: ("nps_promoters", "nps_passives", "nps_detractors", "nps"),
}

Row = tuple[date, str, str, str, float | None, int, int | None, int, bool, datetime]


def rollup(*, first: date, last: date, at: datetime, families: Sequence[Family] = tuple(Family)) -> int:
    """Rebuild the daily facts of the days `first` to `last`; returns how many facts were written.

    A few statements for the whole range, whether it is one day or two years. A day is final three days after it ended;
    today is partial.
    """
    today = local_day(at, brand.current().timezone)
    written = 0
    with transaction.atomic():
        for family in families:
            figures = READERS[family](first, last)
            rows = list(_facts(family, figures, first=first, last=last, today=today, at=at))
            DailyFact.objects.filter(day__range=(first, last), metric__in=METRICS[family]).delete()
            written += sql.insert("metrics_dailyfact", COLUMNS, _for_database(rows))
    return written


def _facts(family: Family, figures: Figures, *, first: date, last: date, today: date, at: datetime) -> Iterator[Row]:
    """Every metric of every day, zero when nothing happened, and the parts (senders, currencies) that have something."""
    parts = {("", "")} | {(dimension, part) for _, _, dimension, part in figures}
    known = {(day, dimension, part) for day, _, dimension, part in figures}
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        final = day < today - timedelta(days=FINAL_AFTER_DAYS)
        for part in parts:
            if part != ("", "") and (day, *part) not in known:
                continue
            for metric in METRICS[family]:
                definition = definitions.get(metric)
                numerator, denominator = _fraction(metric, lambda key, d=day, p=part: figures.get((d, key, *p), 0))  # type: ignore[misc]
                value = float(numerator) if denominator is None else ratio(numerator, denominator)
                if metric == "nps" and value is not None:
                    value *= 100
                yield day, metric, *part, value, numerator, denominator, definition.version, final, at


def _fraction(metric: str, figure: Callable[[str], int]) -> tuple[int, int | None]:
    """Numerator and denominator of a metric of one day; sums have no denominator."""
    if metric == "net_revenue":
        return figure("revenue") - figure("refunds"), None
    if metric == "nps":
        promoters, detractors = figure("nps_promoters"), figure("nps_detractors")
        return promoters - detractors, promoters + figure("nps_passives") + detractors
    parts = definitions.get(metric).parts
    return (figure(parts[0]), figure(parts[1])) if parts else (figure(metric), None)


def _for_database(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    if sql.is_postgresql():
        return list(rows)
    return [(row[0].isoformat(), *row[1:-1], row[-1].replace(tzinfo=None).isoformat(" ")) for row in rows]
