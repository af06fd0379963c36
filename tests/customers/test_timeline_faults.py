"""Several workers on one inbox, killed in the middle: each event takes effect exactly once (PostgreSQL, real processes)."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.db import connection

from customers.actions import timeline
from customers.models import CustomerFacts, Event, EventAggregate, FailedEvent, PendingEvent
from customers.ports.subscribers import TimelineEvent
from tests.factories import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

WORKER = """
import django; django.setup()
from config.kit.clock import now
from customers.actions import timeline
idle = 0
while idle < 3:
    if timeline.process_batch(limit=40, at=now()):
        idle = 0
    else:
        idle += 1
        import time; time.sleep(0.1)
"""


def record(customers, count, at):
    events = [
        timeline.NewEvent(
            customer_id=customers[number % len(customers)].id,
            name="order.placed",
            occurred_at=at,
            key=timeline.event_key("faults", number),
            source="test",
            properties={"number": str(number)},
            amount_minor=100,
            currency="EUR",
        )
        for number in range(count)
    ]
    assert timeline.record_many(events, at=at) == count


def start_worker(source):
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url, "LOG_LEVEL": "ERROR",
                   "SECRET_KEY": "x" * 50, "REDIS_URL": "redis://127.0.0.1:1/0", "DATA_DIR": str(settings.DATA_DIR)}  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", source], cwd=settings.BASE_DIR, env=environment)


def test_workers_killed_in_the_middle_apply_each_event_once(at, on_postgresql):
    customers = [people.customer(f"Person{number}") for number in range(25)]
    record(customers, 3000, at)
    dice = random.Random(7)

    workers, kills, end = [start_worker(WORKER) for _ in range(3)], 0, time.monotonic() + 180
    while PendingEvent.objects.exists() and time.monotonic() < end:
        time.sleep(dice.uniform(0.2, 0.5))
        workers = [worker if worker.poll() is None else start_worker(WORKER) for worker in workers]
        if kills < 6 and PendingEvent.objects.count() < 2900:
            workers[dice.randrange(len(workers))].send_signal(signal.SIGKILL)
            kills += 1
    for worker in workers:
        worker.wait(60)

    assert PendingEvent.objects.count() == 0
    assert FailedEvent.objects.count() == 0
    assert [facts.order_count for facts in CustomerFacts.objects.all()] == [120] * 25
    assert sum(CustomerFacts.objects.values_list("revenue_minor", flat=True)) == 300_000
    assert set(EventAggregate.objects.filter(name="order.placed").values_list("count", flat=True)) == {120}
    assert Event.objects.filter(name="order.placed").count() == 3000


def test_the_oracle_sees_a_worker_that_claims_without_a_lock(at, on_postgresql, monkeypatch):
    """Two workers that read the inbox without locking it count everything twice: the figures above can fail."""
    record([people.alice()], 200, at)
    together = threading.Barrier(2)

    def claim_without_lock(limit):
        ids = list(PendingEvent.objects.values_list("event_id", flat=True)[:limit])
        together.wait(60)
        return [TimelineEvent(*row) for row in Event.objects.filter(id__in=ids).values_list("id", *timeline.COLUMNS)]

    def work():
        timeline.process_batch(limit=200, at=at)
        connection.close()

    monkeypatch.setattr(timeline, "_claim", claim_without_lock)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert CustomerFacts.objects.get().order_count == 400
