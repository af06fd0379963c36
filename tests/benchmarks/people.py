"""A million customers and 20 million events: the cost of one more event, the customer page, lists and search.

Pages are asked in this process through the whole middleware; p95 over customers drawn from few very active ones and many.
"""

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.actions import timeline
from customers.models import Brand, Customer, PendingEvent
from tests.benchmarks import world
from tests.benchmarks.harness import Report, alternate, rate
from tests.benchmarks.timeline import _batches, _events, _limit

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROUND = 20_000
VISITS = 40


def _add_events(seed: int) -> float:
    """Events per second through `record_many`, one transaction per batch of 1,000."""
    batches = _batches(_events(ROUND, seed))
    return rate(ROUND, lambda: [timeline.record_many(part, at=AT) for part in batches])


def _rate_now(first: int) -> tuple[float, float]:
    ours, limit = alternate(lambda n: _add_events(first + n), lambda n: _limit(4000 + first + n), rounds=5)
    PendingEvent.objects.all()._raw_delete("default")
    return ours, limit


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def visit(client: Client, urls: list[str]) -> tuple[float, int]:
    """p95 of the answer time in milliseconds and the largest number of queries; every answer must be a page."""
    client.get(urls[0])
    times, queries = [], 0
    for url in urls:
        started = time.perf_counter()
        response = client.get(url)
        times.append((time.perf_counter() - started) * 1000)
        if response.status_code != 200:
            raise RuntimeError(f"{url} answered {response.status_code}")
    for url in urls[:5]:
        with CaptureQueriesContext(connection) as caught:
            client.get(url)
        queries = max(queries, len(caught))
    return p95(times), queries


def staff_client() -> Client:
    user = get_user_model().objects.create_superuser("bench", "bench@example.com", "bench")
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def _pages(dice: random.Random, base: int) -> dict[str, Callable[[], str]]:
    def one() -> int:
        return base + int(world.CUSTOMERS * dice.random() ** 1.7)

    lists = ["customers:customer-list", "customers:order-list", "customers:subscription-list", "customers:segment-list",
             "customers:event-list", "customers:suppression-list"]  # fmt: skip
    pages: dict[str, Callable[[], str]] = {
        "customer page": lambda: reverse("customers:customer-detail", args=[one()]),
        "customer timeline": lambda: reverse("customers:customer-timeline", args=[one()]),
        "customer orders": lambda: reverse("customers:customer-orders", args=[one()]),
        "list by country": lambda: reverse("customers:customer-list") + "?country=DE",
        **{
            f"list sorted by {sort}": lambda sort=sort: reverse("customers:customer-list") + f"?sort={sort}"
            for sort in ("name", "-created_at", "-order_count", "-revenue_minor", "-last_order_at", "-last_seen_at")
        },
    }
    for name in lists:
        try:
            url = reverse(name)
        except Exception:
            continue
        pages[name.split(":")[1]] = lambda url=url: url
    return pages


def searches(dice: random.Random, count: int) -> list[str]:
    """What people type: names, parts of names, addresses, ids, numbers, nothing that exists, hostile text."""
    made = []
    for _ in range(count):
        n = dice.randrange(1, world.CUSTOMERS)
        first, root = dice.choice(world.FIRST_NAMES), dice.choice(world.ROOTS)
        made.append(
            dice.choice(
                [
                    first, root, first[:2], first[:1], f"{first} {root}", f"{root}{dice.choice(world.ENDS)} {first}", f"u-{n}",
                    f"B{n}", f".{n}@example.com", f"{first}.{root}".lower(), f"+44207{n:07d}", f"{n:07d}", "zzzqx nobody",
                    "%", "_", "' OR 1=1 --", f"anon-{n % max(world.CUSTOMERS // 10, 1)}", "jose", "gulay", "helene lind",
                ]
            )
        )  # fmt: skip
    return made


def run(report: Report) -> None:
    base = world.customers()
    Brand.objects.get_or_create(pk=1)
    world.events(base, world.CUSTOMERS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_event (LIKE customers_event INCLUDING ALL)")
        cursor.execute("ALTER TABLE bench_event ADD FOREIGN KEY (customer_id) REFERENCES customers_customer (id)")
    small, _ = _rate_now(0)
    world.events(base, world.EVENTS - world.CUSTOMERS)
    large, limit = _rate_now(100)
    report.add("record events into the full table, beside COPY into an empty one", large, limit, unit="events/s",
               goal="≥ 1/3 of COPY", passed=large * 3 >= limit)  # fmt: skip
    report.add(f"the same at {world.EVENTS:,} events, beside {world.CUSTOMERS:,}", large, small, unit="events/s",
               goal="flat: ≥ 0.8", passed=large >= 0.8 * small)  # fmt: skip
    world.orders(base)
    world.facts()

    client, dice = staff_client(), random.Random(7)
    for name, page in _pages(dice, base).items():
        milliseconds, queries = visit(client, [page() for _ in range(VISITS)])
        limit_ms = 200 if name == "customer page" else 300
        report.add(f"P10 {name}, p95 ({queries} queries)", milliseconds, None, unit="ms",
                   goal=f"< {limit_ms} ms, ≤ 15 queries", passed=milliseconds < limit_ms and queries <= 15)  # fmt: skip
    _search(report, client, dice)
    report.add("customers", Customer.objects.count(), None, unit="rows", goal="shown", passed=True)


def _search(report: Report, client: Client, dice: random.Random) -> None:
    url = reverse("customers:customer-search")
    times = []
    for text in searches(dice, 200):
        started = time.perf_counter()
        client.get(url, {"q": text}, headers={"hx-request": "true"})
        times.append((time.perf_counter() - started) * 1000)
    report.add("customer search, p95 of 200 mixed", p95(times), None, unit="ms", goal="< 100 ms", passed=p95(times) < 100)
