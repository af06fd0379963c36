"""Rebuilding what belongs to months: distinct buyers, inactivity churn, the cohort matrix."""

from datetime import date, datetime, timedelta

from django.db import transaction

from metrics import definitions
from metrics.models import CohortCell, DailyFact, MonthlyFact
from metrics.queries import statements, truth
from metrics.rules.commerce import ChurnMonth, ratio
from metrics.rules.periods import add_months, month_start, months, months_between

CHURN = ("churn", "churn_new", "churn_reactivated", "churn_end")


def rebuild(*, first: date, last: date, at: datetime) -> None:
    """Rebuild the months from that of `first` to that of `last`, the last day that is over.

    The daily facts of these months must stand already: new customers come from them. Raises
    `metrics.rules.commerce.DoesNotAddUp` when start - churned + new + reactivated is not the end.
    """
    first = month_start(first)
    with transaction.atomic():
        _buyers(first, last, at)
        _churn(first, last, at)
        rebuild_cohorts(first, last, at)


def _is_over(month: date, last: date) -> bool:
    return add_months(month, 1) <= last + timedelta(days=1)


def _fact(month: date, metric: str, numerator: int, denominator: int | None, last: date, at: datetime) -> MonthlyFact:
    value = float(numerator) if denominator is None else ratio(numerator, denominator)
    version = definitions.get("churn" if metric.startswith("churn") else metric).version
    return MonthlyFact(
        month=month,
        metric=metric,
        value=value,
        numerator=numerator,
        denominator=denominator,
        definition_version=version,
        is_complete=_is_over(month, last),
        computed_at=at,
    )


def _buyers(first: date, last: date, at: datetime) -> None:
    found = dict(statements.rows("buyers_by_month", first=first, last=last))
    MonthlyFact.objects.filter(metric="monthly_buyers", month__range=(first, last)).delete()
    MonthlyFact.objects.bulk_create(
        [_fact(month, "monthly_buyers", int(found.get(month, 0)), None, last, at) for month in months(first, last)]
    )


def churn_months(first: date, last: date) -> dict[date, ChurnMonth]:
    """Churn of the months from that of `first` that are over by `last` and whose first window lies within the data."""
    start = truth.first_order_day()
    over = [month for month in months(month_start(first), last) if _is_over(month, last)]
    if start is None or not over:
        return {}
    ends = [over[0], *(add_months(month, 1) for month in over)]
    found = {
        row[0]: tuple(int(value) for value in row[1:])
        for row in statements.rows(
            "churn_by_month",
            since=ends[0] - timedelta(days=truth.WINDOW),
            last=ends[-1] - timedelta(days=1),
            first_end=ends[0],
            last_end=ends[-1],
        )
    }
    result = {}
    for month, end in zip(over, ends[1:], strict=True):
        if month - timedelta(days=truth.WINDOW) < start:
            continue
        facts = DailyFact.objects.filter(day__gte=month, day__lt=end, metric="new_customers", dimension="")
        new = sum(facts.values_list("numerator", flat=True))
        active, entered, churned = found.get(end, (0, 0, 0))
        result[month] = ChurnMonth(found.get(month, (0, 0, 0))[0], churned, new, entered - new, active)
    return result


def _churn(first: date, last: date, at: datetime) -> None:
    rows = []
    for month, churn in churn_months(first, last).items():
        rows += [
            _fact(month, "churn", churn.churned, churn.start, last, at),
            _fact(month, "churn_new", churn.new, None, last, at),
            _fact(month, "churn_reactivated", churn.reactivated, None, last, at),
            _fact(month, "churn_end", churn.end, None, last, at),
        ]
    MonthlyFact.objects.filter(metric__in=CHURN, month__range=(first, last)).delete()
    MonthlyFact.objects.bulk_create(rows)


def rebuild_cohorts(first: date, last: date, at: datetime) -> None:
    """Cells whose month of activity is in the range; a month in which nobody came back is a zero, not a gap."""
    only = "" if truth.is_most_of_the_past(first, last) else "AND f.customer_id IN (SELECT customer_id FROM bought)"
    cells = statements.rows("cohorts", pieces={"only": only}, first=first, last=last)
    found = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in cells}
    known = CohortCell.objects.filter(offset=0, cohort__lt=first).values_list("cohort", flat=True)
    starts = sorted({*known, *(cohort for cohort, _ in found)})
    stale = [
        cell.pk
        for cell in CohortCell.objects.all()
        if first <= add_months(cell.cohort, cell.offset) <= last or cell.cohort not in starts
    ]
    CohortCell.objects.filter(pk__in=stale).delete()
    rows = []
    for cohort in starts:
        for month in months(max(cohort, first), last):
            customers, revenue = found.get((cohort, month), (0, 0))
            rows.append(
                CohortCell(
                    cohort=cohort,
                    offset=months_between(cohort, month),
                    customers=customers,
                    revenue_minor=revenue,
                    is_complete=_is_over(month, last),
                    computed_at=at,
                )
            )
    CohortCell.objects.bulk_create(rows)
