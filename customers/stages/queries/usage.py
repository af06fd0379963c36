"""Product usage: the rule, which events there are to choose from, and what a rule would give."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count

from config.kit.clock import day_bounds, local_day
from customers.enums import UsageLevel
from customers.models import Customer, TrackedEvent, UsageRule
from customers.ports import event_types
from customers.queries import brand
from customers.subscribers import ACTIVE

# Grain: customers whose kept days or level are not those of the window. One scan of the events of these names in the
# window by (name, occurred_at); a rule without events leaves the level empty.
COUNTED = """
SELECT d.id, d.usage_level, d.level, d.days, d.last_day
FROM (
    SELECT c.id, c.usage_level, COALESCE(f.days, 0) AS days, f.last_day,
           COALESCE(s.active_days, 0) AS kept_days, s.last_active_on,
           CASE WHEN NOT %s THEN ''
                WHEN COALESCE(f.days, 0) >= %s THEN 'high' WHEN COALESCE(f.days, 0) >= %s THEN 'medium'
                WHEN COALESCE(f.days, 0) >= %s THEN 'low' ELSE 'none' END AS level
    FROM customers_customer c
    LEFT JOIN (
        SELECT e.customer_id, COUNT(DISTINCT e.local_day) AS days, MAX(e.local_day) AS last_day
        FROM customers_event e
        WHERE e.name IN ({names}) AND e.occurred_at >= %s AND e.occurred_at < %s AND {happened}
        GROUP BY e.customer_id
    ) f ON f.customer_id = c.id
    LEFT JOIN customers_customerstanding s ON s.customer_id = c.id
    WHERE {customers}
) d
WHERE d.level <> d.usage_level OR d.days <> d.kept_days
   OR COALESCE(d.last_day, '1970-01-01') <> COALESCE(d.last_active_on, '1970-01-01')
ORDER BY d.id
"""
# Grain: one row per number of active days.
SPREAD = """
SELECT f.days, COUNT(*) FROM (
    SELECT e.customer_id, COUNT(DISTINCT e.local_day) AS days FROM customers_event e
    WHERE e.name IN ({names}) AND e.occurred_at >= %s AND e.occurred_at < %s GROUP BY e.customer_id
) f GROUP BY f.days ORDER BY f.days
"""


def rule() -> UsageRule:
    """The one rule, or the unsaved default: nothing counts yet."""
    return UsageRule.objects.filter(pk=1).first() or UsageRule()


def window(known: UsageRule, at: datetime) -> tuple[datetime, datetime]:
    """The moments between which events count: whole local days, today included."""
    zone = brand.current().timezone
    today: date = local_day(at, zone)
    return day_bounds(today - timedelta(days=known.window_days - 1), zone)[0], day_bounds(today, zone)[1]


def level(days: int, known: UsageRule) -> UsageLevel:
    """The level that so many active days make."""
    if days >= known.high_from:
        return UsageLevel.HIGH
    if days >= known.medium_from:
        return UsageLevel.MEDIUM
    return UsageLevel.LOW if days >= known.low_from else UsageLevel.NONE


def spread(known: UsageRule, at: datetime) -> list[tuple[int, int]]:
    """How many customers were active on how many days of the window, from one day on."""
    if not known.event_names:
        return []
    marks = ", ".join(["%s"] * len(known.event_names))
    ends = [connection.ops.adapt_datetimefield_value(moment) for moment in window(known, at)]
    with connection.cursor() as cursor:
        cursor.execute(SPREAD.format(names=marks), [*known.event_names, *ends])
        return [(int(days), int(count)) for days, count in cursor.fetchall()]


def by_level(known: UsageRule, found: Sequence[tuple[int, int]], total: int) -> dict[str, int]:
    """How many of `total` customers each level would have."""
    counts = dict.fromkeys([str(item) for item in UsageLevel], 0)
    for days, count in found:
        counts[level(days, known)] += count
    counts[UsageLevel.NONE] += total - sum(count for _days, count in found)
    return counts


def levels_now() -> dict[str, int]:
    """How many customers have each level at present."""
    found = Customer.objects.order_by().values_list("usage_level").annotate(count=Count("pk"))
    return {str(name): count for name, count in found}


def choosable(chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Events to count as use, the most frequent first: what clients sent, and what is chosen already."""
    seen = dict(TrackedEvent.objects.order_by("-count").values_list("name", "count")[:300])
    names = [*seen, *(name for name in chosen if name not in seen)]
    return [
        {"name": name, "label": event_types.get(name).label if event_types.has(name) else "", "count": seen.get(name, 0)}
        for name in names
        if name in chosen or name in OFFERED or not event_types.has(name)
    ]


# Of what Perennial records itself, these are done by the customer; the rest (points booked, surveys sent) is no use.
OFFERED = ("page.viewed", "order.placed", *sorted(ACTIVE))
