"""The worker is killed at random moments, again and again: every message is on the timeline once."""

import os
import random
import signal
import time

import pytest
from django.db import connections, transaction

from config.kit.clock import now
from customers.enums import KeyKind
from customers.ingest.actions import keys, take_in
from customers.models import AnonymousEvent, Customer, Event, IngestBatch, IngestProblem, WriteKey
from tests.customers.ingest.conftest import basic

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
REQUESTS, SIZE, KILLS = 40, 50, 12


def lose(*, at, limit):
    """Deletes the batches before their messages are written."""
    batches = take_in._next(limit)
    IngestBatch.objects.filter(id__in=[batch[0] for batch in batches]).delete()
    time.sleep(0.05)
    with transaction.atomic():
        take_in.carefully([message for batch in batches for message in take_in._messages(*batch[1:])], at)
    return len(batches)


def worker(run):
    """A process of its own that works until it is killed; its id. A fork: no second of start-up for each kill."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            while True:
                if not run(at=now(), limit=100):
                    time.sleep(0.01)
        finally:
            os._exit(1)
    return pid


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the worker had stopped by itself"


def fill(client, secret, dice):
    sent = set()
    for request in range(REQUESTS):
        batch = []
        for number in range(SIZE):
            message_id = f"m{request}-{number}"
            who = {"userId": f"u{dice.randrange(30)}"} if dice.random() < 0.7 else {"anonymousId": f"a{dice.randrange(30)}"}
            batch.append({"type": "track", "event": "E", "messageId": message_id, **who})
            sent.add(message_id)
        batch.append({"type": "identify", "userId": f"u{request % 30}", "anonymousId": f"a{dice.randrange(30)}",
                      "messageId": f"i{request}"})  # fmt: skip
        answer = client.post("/v1/batch", {"batch": batch}, "application/json", headers={"authorization": basic(secret)})
        assert answer.status_code == 200
    return sent


def run_with_kills(client, run):
    secret = keys.create(name="k", kind=KeyKind.SERVER, user_id=None, at=now()).secret
    dice = random.Random(7)
    sent = fill(client, secret, dice)
    kills = 0
    process = worker(run)
    try:
        while kills < KILLS and IngestBatch.objects.exists():
            time.sleep(dice.random() * 0.12)
            kill(process)
            kills += 1
            process = worker(run)
        end = time.monotonic() + 120
        while IngestBatch.objects.exists() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        kill(process)
    found = Event.objects.filter(name="E").count() + AnonymousEvent.objects.count()
    return len(sent), found, kills


def test_no_message_is_lost_or_doubled_by_kills(client, on_postgresql):
    sent, found, kills = run_with_kills(client, take_in.take_in)

    assert kills >= 5
    assert found == sent
    assert WriteKey.objects.get().message_count == sent + REQUESTS
    assert Customer.objects.count() == 30
    assert not IngestProblem.objects.exists()
    assert take_in.take_in(at=now()) == 0


def test_the_check_sees_a_worker_that_loses(client, on_postgresql):
    sent, found, _ = run_with_kills(client, lose)

    assert found < sent
