"""Several workers at once, and workers killed in the middle: members stay exact and each change is told once (PostgreSQL)."""

import random
import signal
import threading
import time

import pytest
from django.db import connection

from config.kit.clock import now
from customers.actions import timeline
from customers.models import Event, FailedEvent, PendingEvent, Segment, SegmentChange, SegmentTouch
from customers.segments.actions import announce, follow, refresh, save
from customers.segments.queries import members, run
from tests.customers.segments import streams
from tests.customers.test_timeline_faults import start_worker
from tests.factories import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

WORKER = """
import django; django.setup()
import time
from config.kit.clock import now
from customers.actions import timeline
from customers.segments.actions import refresh
idle = 0
while idle < 5:
    if timeline.process_batch(limit=60, at=now()) + refresh.touched(at=now(), limit=50):
        idle = 0
    else:
        idle += 1
        time.sleep(0.1)
"""


def did(name, op, count, **more):
    return {"type": "event", "name": name, "op": op, "count": count, **more}


def company(at):
    """Thirty customers and segments in which they come and go with every event."""
    crowd = [people.customer(f"P{number}") for number in range(30)]
    odd = {"type": "event_measure", "name": "page.viewed", "measure": "max", "property": "turn", "op": "between"}
    definitions = [
        {"match": "all", "rules": [did("page.viewed", "at_least", 3, within={"days": 30})]},
        {"match": "any", "rules": [{**odd, "value": [n, n]} for n in range(1, 60, 2)]},
        {"match": "none", "rules": [did("page.viewed", "exactly", n) for n in (0, 2, 4, 5, 8)]},
    ]
    segments = [save.rules(name=f"S{i}", definition=definition, at=at) for i, definition in enumerate(definitions)]
    inner = {"type": "segment", "segment": segments[1].id, "op": "in"}
    segments.append(save.rules(name="Outer", definition={"match": "all", "rules": [inner]}, at=at))
    follow.due(at=at)
    return crowd, segments


def viewed(customer, turn, at):
    key = timeline.event_key("races", customer.id, turn)
    return timeline.NewEvent(customer.id, "page.viewed", at, key, "test", {"turn": turn})


def finish():
    for _ in range(200):
        if not timeline.process_batch(at=now()) + refresh.touched(at=now()) + follow.due(at=now()):
            break
    follow.windows(at=now())
    announce.waiting(at=now())


def all_is_well(segments):
    """Members as the rules give, history as the members, and the news exactly as the history."""
    at = now()
    for segment in Segment.objects.filter(id__in=[segment.id for segment in segments]):
        found = set(members(segment.id))
        assert found == set(run.ids(segment.definition, at)), segment.name
        assert found == streams.replays(segment.id), segment.name
        assert segment.member_count == len(found), segment.name
    for segment in segments:
        turns = {}
        for customer_id, entered in (
            SegmentChange.objects.filter(segment=segment).order_by("id").values_list("customer_id", "entered")
        ):
            assert turns.get(customer_id, False) is not entered, "entered or left twice in a row"
            turns[customer_id] = entered
    news = SegmentChange.objects.exclude(cause="fill")
    assert Event.objects.filter(name__startswith="segment.").count() == news.count() > 30
    assert not SegmentChange.objects.filter(is_announced=False).exists()
    assert not FailedEvent.objects.exists()
    assert not SegmentTouch.objects.exists()


def test_workers_at_once_end_with_exact_members_and_each_change_told_once(on_postgresql):
    crowd, segments = company(now())
    over, errors = threading.Event(), []

    def until_over(job):
        def work():
            try:
                while not over.is_set():
                    job()
            except Exception as error:  # the thread's, shown below
                errors.append(error)
            finally:
                connection.close()

        return threading.Thread(target=work)

    jobs = [
        lambda: timeline.process_batch(limit=25, at=now()), lambda: timeline.process_batch(limit=25, at=now()),
        lambda: refresh.touched(at=now(), limit=40), lambda: refresh.touched(at=now(), limit=40),
        lambda: refresh.whole(segments[1].id, at=now()), lambda: follow.windows(at=now()),
    ]  # fmt: skip
    workers = [until_over(job) for job in jobs]
    for worker in workers:
        worker.start()
    for turn in range(8):
        timeline.record_many([viewed(customer, turn, now()) for customer in crowd], at=now())
        time.sleep(0.05)  # a pace, so that batches and refreshes interleave
    end = time.monotonic() + 60
    while (PendingEvent.objects.exists() or SegmentTouch.objects.exists()) and time.monotonic() < end and not errors:
        time.sleep(0.05)
    over.set()
    for worker in workers:
        worker.join(30)
    finish()

    assert errors == []
    assert Event.objects.filter(name="page.viewed").count() == 240
    all_is_well(segments)


def test_workers_killed_in_the_middle_lose_nothing(on_postgresql):
    crowd, segments = company(now())
    timeline.record_many([viewed(customer, turn, now()) for turn in range(12) for customer in crowd], at=now())
    dice = random.Random(5)

    workers, kills, end = [start_worker(WORKER) for _ in range(2)], 0, time.monotonic() + 90
    while (PendingEvent.objects.exists() or SegmentTouch.objects.exists()) and time.monotonic() < end:
        time.sleep(dice.uniform(0.05, 0.3))
        workers = [worker if worker.poll() is None else start_worker(WORKER) for worker in workers]
        if kills < 5 and SegmentTouch.objects.exists():
            workers[dice.randrange(len(workers))].send_signal(signal.SIGKILL)
            kills += 1
    for worker in workers:
        worker.wait(60)
    finish()

    assert kills > 0
    all_is_well(segments)
