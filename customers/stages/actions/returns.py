"""Who came back after a long break: the latest paid order that followed the one before by at least `BREAK_DAYS`.

Orders say so, not the history of stages: it is true from the first import on, and no rule has to ask about itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from config.kit import sql
from customers.models import Customer, CustomerStanding
from customers.stages import events
from customers.stages.actions import evaluate
from customers.stages.queries.statements import Those

# Grain: one row per customer, the latest return. Reads the orders of these customers by (customer, placed_at).
RETURNS = """
SELECT h.customer_id, h.placed_at AS returned_at, h.away,
       ROW_NUMBER() OVER (PARTITION BY h.customer_id ORDER BY h.placed_at DESC, h.id DESC) AS number
FROM (
    SELECT o.id, o.customer_id, o.placed_at,
           {days} - LAG({days}) OVER (PARTITION BY o.customer_id ORDER BY o.placed_at, o.id) AS away
    FROM customers_order o WHERE o.state = 'paid' AND {orders}
) h WHERE h.away >= %s
"""
DIFFERENT = """
SELECT c.id, f.returned_at, COALESCE(f.away, 0)
FROM customers_customer c
LEFT JOIN ({returns}) f ON f.customer_id = c.id AND f.number = 1
LEFT JOIN customers_customerstanding s ON s.customer_id = c.id
WHERE {customers} AND (COALESCE(s.break_days, 0) <> COALESCE(f.away, 0)
    OR COALESCE(s.returned_at, '1970-01-01 00:00:00+00') <> COALESCE(f.returned_at, '1970-01-01 00:00:00+00'))
ORDER BY c.id
"""


def refresh(customer_ids: Sequence[int]) -> int:
    """Note the returns of these customers; returns for how many something was new."""
    return _write(Those(ids=list(customer_ids)))


def refresh_range(low: int, high: int, *, at: datetime) -> int:
    """The same for the customers after `low` up to `high`, as the nightly safety net; segments look at them again."""
    ids = [row[0] for row in _different(Those(low, high))]
    if ids:
        _write(Those(ids=ids))
        evaluate.touch(ids, events.STAGE_CHANGED, at=at)
    return len(ids)


def _write(those: Those) -> int:
    """Read, lock those for whom something is new, and read again: of two workers the later one has the last word."""
    ids = [row[0] for row in _different(those)]
    if not ids:
        return 0
    with transaction.atomic():
        list(sql.for_update(Customer.objects.filter(pk__among=ids).order_by("pk")).values_list("pk"))
        rows = _different(Those(ids=ids))
        sql.add_up(
            CustomerStanding, key=["customer"], replace=["returned_at", "break_days"], rows=rows,
            defaults={"ruled_persona": "", "all_personas": "", "previous_stage": "", "active_days": 0},
        )  # fmt: skip
    return len(rows)


def _different(those: Those) -> list[tuple[Any, ...]]:
    orders, order_values = those.among("o.customer_id")
    people, people_values = those.among("c.id")
    days = "o.local_day" if sql.is_postgresql() else "CAST(julianday(o.local_day) AS INTEGER)"
    text = DIFFERENT.format(returns=RETURNS.format(days=days, orders=orders), customers=people)
    with connection.cursor() as cursor:
        cursor.execute(text, [*order_values, CustomerStanding.BREAK_DAYS, *people_values])
        return list(cursor.fetchall())
