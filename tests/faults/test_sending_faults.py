"""Killing senders on PostgreSQL: planned people, what the mail server took and what the rows say must agree (T-50).

Real worker processes, a real SMTP talk, kill -9 at random moments. The same oracle is first shown a naive sender (send,
then mark), which it must convict; otherwise it proves nothing.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.db import connection

from campaigns.actions import sweeping
from campaigns.models import Message
from customers.models import Consent, Customer
from tests.campaigns.smtp_server import SmtpServer
from tests.factories import messages

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
PEOPLE, KILLS, WORKERS = 2000, 5, 2

CAREFUL = """
import time
from campaigns.actions import sending
transport = SmtpTransport(URL)
while sending.send_batch(transport, at=AT, limit=100):
    pass
"""
NAIVE = """
import time
from campaigns.actions.rendering import Recipient, render_batch
from campaigns.models import Message
transport = SmtpTransport(URL)
while True:
    rows = Message.objects.filter(state="planned").values_list(
        "id", "customer_id", "customer__email", "source_kind", "source_id", "content_version_id", "content_version__digest")
    batch = [Recipient(*row) for row in rows.order_by("id")[:40]]
    if not batch:
        break
    mails, _ = render_batch(batch, at=AT)
    transport.deliver(mails, deadline=time.monotonic() + 60)
    Message.objects.filter(id__in=[r.message_id for r in batch]).update(state="sent", sent_at=AT)
"""
START = """
import os, datetime
os.environ["TEST_DATABASE_URL"] = {database!r}
os.environ["DJANGO_SETTINGS_MODULE"] = "config.test_settings"
import django
django.setup()
from campaigns.adapters.smtp import SmtpTransport
URL, AT = {url!r}, datetime.datetime.fromisoformat({at!r})
"""


def _worker(body, url, at):
    settings = connection.settings_dict
    database = f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    code = START.format(database=database, url=url, at=at.isoformat()) + body
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _run(body, count, kills, workers, at, seed):
    """Let workers send while some are killed; returns how often each address was reached, and the kills."""
    draw, killed = random.Random(seed), 0
    with SmtpServer(on_body=lambda number, raw: time.sleep(0.0005)) as server:
        running = [_worker(body, server.url, at) for _ in range(workers)]
        deadline = time.monotonic() + 150  # a busy machine; some ten seconds when alone
        while running and time.monotonic() < deadline:
            time.sleep(draw.uniform(0.1, 0.35))
            is_sending = 20 < len(server.mails) < count
            if killed < kills and is_sending:
                victim = running.pop(draw.randrange(len(running)))
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait()
                killed += 1
                Message.objects.filter(state="claimed").update(lease_until=at)  # leases are over at once, for the test
                sweeping.sweep(at=at)
                running.append(_worker(body, server.url, at))
            running = [process for process in running if process.poll() is None]
            if not running and Message.objects.filter(state__in=["planned", "claimed"]).exists():
                Message.objects.filter(state="claimed").update(lease_until=at)
                sweeping.sweep(at=at)
                running = [_worker(body, server.url, at)]
        for process in running:
            process.kill()
            process.wait()
        return Counter(address for address, _ in server.mails), killed


def _campaign(count, at):
    messages.brand()
    everybody = Customer.objects.bulk_create(
        Customer(first_name=f"P{n}", email=f"p{n}@example.com", created_at=at, updated_at=at) for n in range(count)
    )
    topic = messages.topic()
    Consent.objects.bulk_create(
        Consent(customer=person, topic=topic, channel="email", state="granted", changed_at=at) for person in everybody
    )
    messages.sending(*everybody, at=at, consenting=False)


def _verdict(taken):
    """(lost, twice, unknown): nobody may stand as sent without the server having the mail, or be reached twice."""
    Message.objects.filter(state="sending").update(state="unknown")
    rows = Message.objects.values_list("customer__email", "state")
    lost = [address for address, state in rows if state not in ("unknown",) and taken[address] == 0]
    twice = [address for address, times in taken.items() if times > 1]
    return len(lost), len(twice), sum(state == "unknown" for _, state in rows)


def test_oracle_convicts_a_naive_sender(at, on_postgresql):
    _campaign(600, at)

    taken, killed = _run(NAIVE, 600, 3, 1, at, seed=3)

    assert killed >= 1
    assert _verdict(taken)[1] > 0


def test_killed_workers_lose_nobody_and_reach_nobody_twice(at, on_postgresql):
    _campaign(PEOPLE, at)

    taken, killed = _run(CAREFUL, PEOPLE, KILLS, WORKERS, at, seed=11)

    lost, twice, unknown = _verdict(taken)
    assert killed == KILLS
    assert (lost, twice) == (0, 0)
    assert unknown <= KILLS * 100
