"""Orders and figures."""

from datetime import UTC, datetime, time, timedelta

from customers.models import Order
from metrics.models import DailyFact

_numbers = iter(range(1, 10**9))


def order(customer, day, total_minor=1000, **values):
    values = {"currency": "EUR", "state": "paid", "number": f"M-{next(_numbers)}"} | values
    placed_at = values.pop("placed_at", datetime.combine(day, time(12), UTC))
    return Order.objects.create(customer=customer, placed_at=placed_at, local_day=day, total_minor=total_minor, **values)


def fact(day, metric, numerator, denominator=None, **values):
    values = {
        "definition_version": 1,
        "is_final": True,
        "computed_at": datetime.combine(day + timedelta(days=1), time(3), UTC),
    } | values
    value = numerator if denominator is None else numerator / denominator if denominator else None
    return DailyFact.objects.create(
        day=day, metric=metric, value=value, numerator=numerator, denominator=denominator, **values
    )


def facts():
    """All daily facts as comparable rows, without the moment of their computation."""
    names = ("day", "metric", "dimension", "dimension_value", "value", "numerator", "denominator", "is_final")
    return sorted(DailyFact.objects.values_list(*names), key=str)
