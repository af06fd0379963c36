"""The worker is killed at random moments, again and again: every message is on the timeline once."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from config.kit.clock import now
from customers.enums import KeyKind
from customers.ingest.actions import keys, take_in
from customers.models import AnonymousEvent, Customer, Event, IngestBatch, IngestProblem, WriteKey
from tests.customers.ingest.conftest import basic

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
REQUESTS, SIZE, KILLS = 40, 50, 12
WORKER = """
import os, sys, time
import django; django.setup()
from django.db import connection, transaction
settings = connection.settings_dict; settings["NAME"] = sys.argv[1]
from config.kit.clock import now
from customers.ingest.actions import take_in
if sys.argv[2] == "broken":  # deletes the batches before their messages are written
    from customers.models import IngestBatch
    def broken(*, at, limit):
        batches = take_in._next(limit)
        IngestBatch.objects.filter(id__in=[batch[0] for batch in batches]).delete()
        time.sleep(0.05)
        with transaction.atomic():
            take_in.carefully([m for b in batches for m in take_in._messages(*b[1:])], at)
        return len(batches)
    run = broken
else:
    run = take_in.take_in
print("ready", flush=True)
while True:
    if not run(at=now(), limit=100):
        time.sleep(0.01)
"""


def worker(kind):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.test_settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, connection.settings_dict["NAME"], kind], cwd=settings.BASE_DIR, env=environment,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


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


def run_with_kills(client, kind):
    secret = keys.create(name="k", kind=KeyKind.SERVER, user_id=None, at=now()).secret
    dice = random.Random(7)
    sent = fill(client, secret, dice)
    kills = 0
    process = worker(kind)
    try:
        while kills < KILLS and IngestBatch.objects.exists():
            time.sleep(dice.random() * 0.12)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            process = worker(kind)
        end = time.monotonic() + 60
        while IngestBatch.objects.exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3 if kind == "broken" else 0)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    found = Event.objects.filter(name="E").count() + AnonymousEvent.objects.count()
    return len(sent), found, kills


def test_no_message_is_lost_or_doubled_by_kills(client, on_postgresql):
    sent, found, kills = run_with_kills(client, "sound")

    assert kills >= 5
    assert found == sent
    assert WriteKey.objects.get().message_count == sent + REQUESTS
    assert Customer.objects.count() == 30
    assert not IngestProblem.objects.exists()
    assert take_in.take_in(at=now()) == 0


def test_the_check_sees_a_worker_that_loses(client, on_postgresql):
    sent, found, _ = run_with_kills(client, "broken")

    assert found < sent
