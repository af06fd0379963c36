"""P8: points for orders in sets, beside a bare INSERT … SELECT into equally indexed entries and lots."""

import time
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from customers.models import Customer
from loyalty.actions.orders import book_orders
from loyalty.models import Entry
from tests.benchmarks.harness import Report
from tests.factories import loyalty

CUSTOMERS, ORDERS, BATCH = 5_000, 20_000, 5_000
AT = datetime(2026, 3, 16, 12, tzinfo=UTC)


def run(report: Report) -> None:
    """One line: orders booked per second in batches; everything is rolled back."""
    with transaction.atomic():
        loyalty.programme()
        loyalty.tiers()
        people = [Customer(first_name=f"P{i}", created_at=AT, updated_at=AT) for i in range(CUSTOMERS)]
        people = Customer.objects.bulk_create(people)
        orders = [
            loyalty.placed(people[i % CUSTOMERS], 1_000 + i % 9_000, AT - timedelta(minutes=ORDERS - i))
            for i in range(ORDERS)
        ]
        started = time.perf_counter()
        for start in range(0, ORDERS, BATCH):
            book_orders(orders[start : start + BATCH], AT)
        ours = ORDERS / (time.perf_counter() - started)
        limit = _limit()
        transaction.set_rollback(True)
    report.add("points for orders, in sets", ours, limit, unit="orders/s", goal="20,000", passed=ours >= 20_000)


def _limit():
    """The same entries and lots once more, copied by the database itself."""
    columns = [field.column for field in Entry._meta.local_fields if field.column not in ("id", "idempotency_key")]
    names = ", ".join(f'"{name}"' for name in columns)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO loyalty_entry ({names}, idempotency_key) SELECT {names}, 'copy:' || id FROM loyalty_entry"
        )
        count = cursor.rowcount
        cursor.execute(
            "INSERT INTO loyalty_lot (entry_id, account_id, granted, remaining, occurred_at, available_at, expires_at) "
            "SELECT id, account_id, points, points, occurred_at, available_at, expires_at FROM loyalty_entry "
            "WHERE idempotency_key LIKE 'copy:%%'"
        )
    return count / (time.perf_counter() - started)
