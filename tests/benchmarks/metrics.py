"""P9: a night and a back-fill of 730 days, the cohort matrix and RFM, each beside the plain SQL for the same figures."""

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from customers.models import Customer, Order
from metrics.actions import months
from metrics.actions.rollup import rollup
from metrics.actions.score_rfm import score_rfm
from metrics.models import RfmScore
from tests.benchmarks import world
from tests.benchmarks.harness import Report, alternate

ORDERS = 600_000  # a fifth of the full size; `PERENNIAL_BENCH_ORDERS=3000000` runs the whole
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 30)
AT = datetime(2025, 12, 31, 3, tzinfo=UTC)

BACKFILL = """
CREATE TEMP TABLE hand AS
WITH d AS (SELECT g::date AS day FROM generate_series(date '2024-01-01', date '2025-12-30', interval '1 day') g),
 buyers AS (SELECT DISTINCT local_day AS day, customer_id FROM customers_order WHERE state = 'paid'),
 o AS (SELECT local_day AS day, count(*) n, sum(total_minor) revenue FROM customers_order GROUP BY 1),
 a AS (SELECT day, count(*) n FROM buyers GROUP BY 1),
 f AS (SELECT day, count(*) n FROM (SELECT min(local_day) AS day FROM customers_order GROUP BY customer_id) x GROUP BY 1),
 ch AS (SELECT day + 90 AS day, count(*) n FROM
   (SELECT day, lead(day) OVER (PARTITION BY customer_id ORDER BY day) nx FROM buyers) x
   WHERE nx IS NULL OR nx - day > 90 GROUP BY 1)
SELECT d.day, coalesce(o.n, 0) orders, coalesce(o.revenue, 0) revenue, coalesce(a.n, 0) active, coalesce(f.n, 0) new,
 coalesce(ch.n, 0) lapsed
FROM d LEFT JOIN o USING (day) LEFT JOIN a USING (day) LEFT JOIN f USING (day) LEFT JOIN ch USING (day)
"""
COHORTS = """
CREATE TEMP TABLE hand AS
WITH f AS (SELECT customer_id, date_trunc('month', min(local_day)) co FROM customers_order GROUP BY 1),
 m AS (SELECT DISTINCT customer_id, date_trunc('month', local_day) m FROM customers_order)
SELECT co, m, count(*) n FROM f JOIN m USING (customer_id) GROUP BY 1, 2
"""
RFM = """
CREATE TEMP TABLE hand AS
SELECT customer_id, ntile(5) OVER (ORDER BY latest) r, ntile(5) OVER (ORDER BY n) f, ntile(5) OVER (ORDER BY m) mm
FROM (SELECT customer_id, max(local_day) latest, count(*) n, sum(total_minor) m FROM customers_order GROUP BY 1) x
"""
NIGHT = """
CREATE TEMP TABLE hand AS
WITH d AS (SELECT g::date AS day FROM generate_series(date '2025-12-28', date '2025-12-30', interval '1 day') g),
 buyers AS (SELECT DISTINCT local_day AS day, customer_id FROM customers_order
   WHERE local_day BETWEEN '2025-09-29' AND '2025-12-30' AND state = 'paid')
SELECT d.day,
 (SELECT count(*) FROM customers_order o WHERE o.local_day = d.day) orders,
 (SELECT sum(total_minor) FROM customers_order o WHERE o.local_day = d.day) revenue,
 (SELECT count(DISTINCT customer_id) FROM buyers b WHERE b.day > d.day - 90 AND b.day <= d.day) active,
 (SELECT count(*) FROM (SELECT DISTINCT customer_id FROM buyers b WHERE b.day = d.day) n
   WHERE NOT EXISTS (SELECT 1 FROM customers_order e WHERE e.customer_id = n.customer_id AND e.local_day < d.day)) new,
 (SELECT count(*) FROM buyers z WHERE z.day = d.day - 90
   AND NOT EXISTS (SELECT 1 FROM buyers y WHERE y.customer_id = z.customer_id AND y.day > z.day AND y.day <= d.day)) lapsed
FROM d
"""


def _fill() -> int:
    """Customers and their orders over two years, skewed towards few; returns the number of orders."""
    orders = int(os.environ.get("PERENNIAL_BENCH_ORDERS", ORDERS))
    customers = orders // 3
    world.insert_select(
        Customer,
        f"generate_series(1, {customers}) n",
        email="'c' || n || '@example.com'",
        created_at="timestamptz '2024-01-01' + n * interval '60 seconds'",
    )
    base = world.number("SELECT min(id) FROM customers_customer")
    world.insert_select(
        Order,
        f"(SELECT n, date '2024-01-01' + floor(730 * random())::int AS day FROM generate_series(1, {orders}) n ORDER BY 2) x",
        customer=f"{base} + floor({customers} * power(random(), 1.7))",
        number="'B' || n",
        placed_at="day + interval '12 hours'",
        local_day="day",
        total_minor="500 + floor(20000 * random())",
        currency="'EUR'",
        state="'paid'",
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE customers_order")
        cursor.execute("VACUUM ANALYZE customers_customer")
    return orders


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _hand(statement: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS hand")
        return _seconds(lambda: cursor.execute(statement))


def run(report: Report) -> None:
    """Fill, measure each step three times in turn with its hand-written counterpart, and report."""
    orders = _fill()
    steps: list[tuple[str, Callable[[], object], str, float]] = [
        ("P9 back-fill 730 days", lambda: rollup(first=FIRST, last=LAST, at=AT), BACKFILL, 1.5),
        ("P9 night: three days", lambda: rollup(first=LAST - timedelta(days=2), last=LAST, at=AT), NIGHT, 2.0),
        ("P9 cohort matrix, all months", lambda: months.rebuild_cohorts(FIRST, LAST, AT), COHORTS, 1.5),
        ("P9 RFM of every buyer, first time", _score_all, RFM, 1.5),
    ]
    for name, work, hand, goal in steps:
        ours, limit = alternate(lambda _, w=work: _seconds(w), lambda _, h=hand: _hand(h), rounds=3)
        report.add(
            f"{name}, {orders:,} orders", ours, limit, unit="s", goal=f"≤ {goal} x hand SQL", passed=ours <= goal * limit
        )
    ours = _seconds(lambda: score_rfm(day=LAST))
    report.add("RFM again, nothing changed", ours, None, unit="s", goal="shown", passed=True)


def _score_all() -> None:
    RfmScore.objects.all().delete()
    score_rfm(day=LAST)
