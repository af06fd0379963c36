"""Workers killed in the middle: each webhook takes effect exactly once (PostgreSQL, real processes)."""

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
from customers.models import Customer, Delivery, Event, Order, Refund
from customers.sources.actions.receive import Arrival, store
from tests.customers.sources import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

WORKER = """
import django; django.setup()
import time
from config.kit.clock import now
from customers.sources.actions import take_in
idle = 0
while idle < 5:
    idle = 0 if take_in.due(limit=20, at=now()) else idle + 1
    time.sleep(0.05)
"""
ORDERS = 200


def start_worker():
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url, "LOG_LEVEL": "ERROR",
                   "SECRET_KEY": settings.SECRET_KEY, "REDIS_URL": "redis://127.0.0.1:1/0", "DATA_DIR": str(settings.DATA_DIR)}  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=environment)


def webhooks():
    """Orders of fifty people with a refund each; the refunds come first."""
    paid, refund = (recorded.load("shopify_order_life")[number]["payload"] for number in (2, 3))
    for number in range(ORDERS):
        yield "refunds/create", {**refund, "id": 10_000 + number, "order_id": 20_000 + number}
    for number in range(ORDERS):
        person = number % 50
        customer = {**paid["customer"], "id": 30_000 + person, "email": f"p{person}@example.com"}
        yield "orders/paid", {**paid, "id": 20_000 + number, "email": customer["email"], "customer": customer}


def test_workers_killed_in_the_middle_take_each_webhook_in_once(on_postgresql):
    recorded.account("GBP")
    at = now()
    source = recorded.shopify(at)
    store(source, [Arrival(f"w{n}", topic, payload, at) for n, (topic, payload) in enumerate(webhooks())], at=at)
    dice, kills, end = random.Random(3), 0, time.monotonic() + 180

    workers = [start_worker() for _ in range(2)]
    while Delivery.objects.exclude(state="done").exists() and time.monotonic() < end:
        time.sleep(dice.uniform(0.2, 0.5))
        workers = [worker if worker.poll() is None else start_worker() for worker in workers]
        if kills < 4 and Delivery.objects.filter(state="pending").count() < 2 * ORDERS:
            workers[dice.randrange(len(workers))].send_signal(signal.SIGKILL)
            kills += 1
    for worker in workers:
        worker.wait(60)

    assert kills == 4
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert (Customer.objects.count(), Order.objects.count(), Refund.objects.count()) == (50, ORDERS, ORDERS)
    assert set(Order.objects.values_list("refunded_minor", flat=True)) == {3333}
    assert Event.objects.filter(name__in=["order.placed", "order.refunded"]).count() == 2 * ORDERS
