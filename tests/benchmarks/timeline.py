"""P2: recording events beside bare COPY into an equally indexed table; processing them with every subscriber."""

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction

from config.kit.clock import now
from customers.actions import timeline
from customers.models import Customer
from customers.ports import samples
from tests.benchmarks.harness import Report, alternate, rate

CUSTOMERS, BATCH, ROUND = 20_000, 1000, 30_000
START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["page.viewed", "product.viewed", "cart.item_added", "order.placed", "message.opened", "search.done", "app.opened"]


def _events(count: int, seed: int) -> list[timeline.NewEvent]:
    dice = random.Random(seed)
    first = Customer.objects.order_by("id").values_list("id", flat=True)[0]
    made = []
    for _ in range(count):
        name = dice.choice(NAMES)
        paid = name == "order.placed"
        made.append(
            timeline.NewEvent(
                customer_id=first + int(CUSTOMERS * dice.random() ** 2),
                name=name,
                occurred_at=START + timedelta(seconds=dice.randrange(20_000_000)),
                key=uuid4(),
                source="bench",
                properties={"number": f"B{len(made)}", "order_id": seed * ROUND + len(made) + 1, "lines": 3}
                if paid
                else {"path": "/shop/lights", "rank": 7},
                amount_minor=dice.randrange(500, 20_000) if paid else None,
                currency="GBP" if paid else "",
            )
        )
    return made


def _batches(events: list[timeline.NewEvent]) -> list[list[timeline.NewEvent]]:
    return [events[start : start + BATCH] for start in range(0, len(events), BATCH)]


def _ours(number: int) -> float:
    batches = _batches(_events(ROUND, number))
    return rate(ROUND, lambda: [timeline.record_many(part, at=START) for part in batches])


def _limit(number: int) -> float:
    """Rows prepared beforehand, one COPY and commit per batch, into a table with the same indexes and foreign key."""
    rows = [
        [(e.customer_id, e.name, e.occurred_at, e.occurred_at.date(), START, "{}" if not e.properties else '{"path": "/shop/lights", "rank": 7}',
          e.amount_minor, e.currency, e.source, e.key) for e in part]
        for part in _batches(_events(ROUND, 1000 + number))
    ]  # fmt: skip

    def copy() -> None:
        for part in rows:
            with (
                transaction.atomic(),
                connection.cursor() as cursor,
                cursor.copy(f"COPY bench_event (customer_id, {', '.join(timeline.COLUMNS[1:])}) FROM STDIN") as stream,
            ):
                for row in part:
                    stream.write_row(row)

    return rate(ROUND, copy)


def _company() -> None:
    """A brand, a live loyalty programme, ready-made segments and live journeys: what the subscribers of a real shop see."""
    story = samples.Story(at=START, shift=timedelta(), seed=1, progress=lambda label, done: None)
    for key in ("customers.brand", "loyalty", "segments", "journeys"):
        samples.get(key).build(story)


def run(report: Report) -> None:
    Customer.objects.bulk_create(
        [Customer(email=f"c{n}@example.com", created_at=START, updated_at=START) for n in range(CUSTOMERS)], batch_size=2000
    )
    _company()
    while timeline.process_batch(at=now()):
        pass
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_event (LIKE customers_event INCLUDING ALL)")
        cursor.execute("ALTER TABLE bench_event ADD FOREIGN KEY (customer_id) REFERENCES customers_customer (id)")
    ours, limit = alternate(_ours, _limit)
    report.add(
        "record events, batches of 1,000", ours, limit, unit="events/s", goal="≥ 1/3 of COPY", passed=ours * 3 >= limit
    )

    taken, started = 0, time.perf_counter()
    while count := timeline.process_batch(at=now()):
        taken += count
    speed = taken / (time.perf_counter() - started)
    report.add("P2 process events, every subscriber", speed, None, unit="events/s", goal="≥ 10,000", passed=speed >= 10_000)
