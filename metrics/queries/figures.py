"""Figures of pages, read from the roll-up tables only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Q, Sum

from metrics import definitions
from metrics.models import CohortCell, DailyFact, MonthlyFact, RfmScore
from metrics.rules.commerce import ChurnMonth, ratio, repeat_rate
from metrics.rules.periods import Period
from metrics.rules.retention import Weighted, weighted
from surveys.rules import nps as nps_rules


@dataclass(frozen=True, slots=True)
class Daily:
    """Numerators by metric and day, read once for a page; every figure of a period inside it comes from here."""

    numerators: Mapping[str, Mapping[date, int]]
    dates: tuple[date, ...]

    def total(self, metric: str, period: Period) -> int:
        by_day = self.numerators.get(metric, {})
        return sum(value for day, value in by_day.items() if period.first <= day <= period.last)

    def at_end(self, metric: str, period: Period) -> int | None:
        """The figure of the last day of the period that has one."""
        days = [day for day in self.numerators.get(metric, {}) if period.first <= day <= period.last]
        return self.numerators[metric][max(days)] if days else None

    def series(self, metric: str, period: Period) -> dict[date, int]:
        found = self.numerators.get(metric, {})
        return {day: found[day] for day in sorted(found) if period.first <= day <= period.last}

    def has(self, period: Period) -> bool:
        """Whether the whole period was rolled up."""
        return bool(self.dates) and self.dates[0] <= period.first

    def fraction(self, metric: str, period: Period) -> tuple[float, int | None] | None:
        """Numerator and denominator of a metric over a period; None when the period has none of it."""
        definition = definitions.get(metric)
        if definition.kind == "level":
            value = self.at_end(metric, period)
            return None if value is None else (value, None)
        if metric == "nps":
            counts = self.nps_counts(period)
            return counts.promoters - counts.detractors, counts.total
        if definition.parts:
            return self.total(definition.parts[0], period), self.total(definition.parts[1], period)
        return self.total(metric, period), None

    def value(self, metric: str, period: Period) -> float | None:
        """A figure of a period: sums are added, rates divided once, levels read at the end."""
        found = self.fraction(metric, period)
        if found is None or found[1] is None:
            return None if found is None else float(found[0])
        value = ratio(found[0], found[1])
        return value if value is None or metric != "nps" else value * 100

    def nps_counts(self, period: Period) -> nps_rules.Counts:
        return nps_rules.Counts(
            self.total("nps_promoters", period), self.total("nps_passives", period), self.total("nps_detractors", period)
        )


def needed(metrics: Iterable[str]) -> set[str]:
    """The stored metrics behind metrics: rates are computed from their parts."""
    stored: set[str] = set()
    for metric in metrics:
        definition = definitions.get(metric)
        if metric == "nps":
            stored |= {"nps_promoters", "nps_passives", "nps_detractors"}
        elif definition.kind == "ratio" and definition.parts:
            stored |= set(definition.parts)
        else:
            stored.add(metric)
    return stored


def daily(metrics: Iterable[str], *, first: date, last: date) -> Daily:
    """Facts of some metrics for a range of days, for the whole account; one query."""
    facts = DailyFact.objects.filter(day__range=(first, last), dimension="", metric__in=needed(metrics)).order_by()
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for metric, day, numerator in facts.values_list("metric", "day", "numerator"):
        found[metric][day] = numerator
    days = sorted({day for by_day in found.values() for day in by_day})
    return Daily(found, tuple(days))


@dataclass(frozen=True, slots=True)
class Repeat:
    """Customers with two orders or more, and with one or more, up to a day."""

    repeat: int
    customers: int

    @property
    def rate(self) -> float | None:
        return repeat_rate(self.repeat, self.customers)


def repeat(*days: date) -> list[Repeat]:
    """The lifetime repeat rate at the end of each of the days; one query."""
    sums = {
        f"{name}_{index}": Sum("numerator", filter=Q(metric=metric, day__lte=day))
        for index, day in enumerate(days)
        for name, metric in (("repeat", "repeat_customers"), ("new", "new_customers"))
    }
    found = DailyFact.objects.filter(metric__in=("repeat_customers", "new_customers"), dimension="").aggregate(**sums)
    return [Repeat(found[f"repeat_{index}"] or 0, found[f"new_{index}"] or 0) for index in range(len(days))]


@dataclass(frozen=True, slots=True)
class ChurnRow:
    """One month of the churn table."""

    month: date
    churn: ChurnMonth


def churn_table(*, latest: int | None = None) -> list[ChurnRow]:
    """Inactivity churn of the complete months, oldest first; `latest` limits it to the newest months."""
    names = {"churn": "churned", "churn_new": "new", "churn_reactivated": "reactivated", "churn_end": "end"}
    found: dict[date, dict[str, int]] = defaultdict(dict)
    facts = MonthlyFact.objects.filter(metric__in=names, is_complete=True)
    for month, metric, numerator, denominator in facts.values_list("month", "metric", "numerator", "denominator"):
        found[month][names[metric]] = numerator
        if metric == "churn":
            found[month]["start"] = denominator or 0
    rows = [ChurnRow(month, ChurnMonth(**found[month])) for month in sorted(found) if len(found[month]) == 5]
    return rows[-latest:] if latest else rows


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The matrix: months of first orders, customers and revenue per month after, and how many cells are complete."""

    months: list[date] = field(default_factory=list)
    customers: list[list[int]] = field(default_factory=list)
    revenue: list[list[int]] = field(default_factory=list)
    complete: list[int] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max((len(row) for row in self.customers), default=0)

    def retention(self, month: int) -> Weighted:
        return weighted(self.customers, self.complete, month)


def cohorts(*, latest: int | None = None) -> Cohorts:
    """The cohort matrix, oldest first; `latest` keeps the newest cohorts."""
    matrix = Cohorts()
    cells = CohortCell.objects.order_by("cohort", "offset")
    for cohort, offset, customers, revenue, over in cells.values_list(
        "cohort", "offset", "customers", "revenue_minor", "is_complete"
    ):
        if offset == 0:
            matrix.months.append(cohort)
            matrix.customers.append([])
            matrix.revenue.append([])
            matrix.complete.append(0)
        matrix.customers[-1].append(customers)
        matrix.revenue[-1].append(revenue)
        matrix.complete[-1] += int(over)
    if latest and len(matrix.months) > latest:
        cut = len(matrix.months) - latest
        return Cohorts(matrix.months[cut:], matrix.customers[cut:], matrix.revenue[cut:], matrix.complete[cut:])
    return matrix


@dataclass(frozen=True, slots=True)
class RfmCell:
    """Customers and revenue of one recency and frequency score."""

    r: int
    f: int
    customers: int
    revenue_minor: int


def rfm_grid() -> dict[tuple[int, int], RfmCell]:
    """Customers and their revenue by recency and frequency score; one query over the scores' index."""
    counted = RfmScore.objects.values_list("r", "f").annotate(count=Count("pk"), revenue=Sum("revenue_minor")).order_by()
    return {(r, f): RfmCell(r, f, count, revenue or 0) for r, f, count, revenue in counted}


def monthly_buyers() -> dict[date, int]:
    """Different customers who bought, by calendar month."""
    return dict(MonthlyFact.objects.filter(metric="monthly_buyers").order_by("month").values_list("month", "numerator"))


def by_sender(keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """Message counts of senders ("campaign:12") by metric, over all days; one query."""
    facts = DailyFact.objects.filter(dimension="source", dimension_value__in=list(keys)).order_by()
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, metric, count in facts.values_list("dimension_value", "metric").annotate(total=Sum("numerator")):
        found[key][metric] = count
    return found


def top_senders(period: Period, *, limit: int = 25) -> list[tuple[str, dict[str, int]]]:
    """The senders with the most messages in a period, with their counts by metric; one query."""
    facts = DailyFact.objects.filter(dimension="source", day__range=(period.first, period.last)).order_by()
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, metric, count in facts.values_list("dimension_value", "metric").annotate(total=Sum("numerator")):
        found[key][metric] = count
    ordered = sorted(found.items(), key=lambda item: -item[1].get("sends", 0))
    return ordered[:limit]


def last_day() -> date | None:
    """The newest day with facts, today included."""
    found: date | None = DailyFact.objects.order_by("-day").values_list("day", flat=True).first()
    return found
