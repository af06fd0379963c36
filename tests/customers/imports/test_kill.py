"""kill -9 of an importing process at any statement, for each kind: going on gives what an undisturbed run gives."""

import os
import random
import signal
from datetime import timedelta

import pytest
from django.db import connection, connections

from config.kit.clock import now
from customers.imports.actions import jobs, run
from customers.models import (
    Consent,
    ConsentChange,
    Customer,
    Event,
    ImportJob,
    Order,
    OrderLine,
    Product,
    Refund,
    Subscription,
    SubscriptionChange,
    Topic,
)
from loyalty.models import Account, Entry
from tests.factories import imports

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
PEOPLE, BATCH = 30, 7

FILES = {
    "customers": "external_id,email,first_name\n" + "".join(f"new{n},n{n}@example.com,N{n}\n" for n in range(PEOPLE)),
    "products": "sku,name\n" + "".join(f"S{n},Thing {n}\n" for n in range(PEOPLE)),
    "orders": "order_number,customer_id,placed_at,sku,quantity,unit_price\n"
    + "".join(f"A{n // 2},c{n // 2},2026-01-10,S{n},1,2.50\n" for n in range(PEOPLE)),
    "refunds": "refund_number,order_number,refunded_at,amount\n"
    + "".join(f"R{n},P{n % 10},2026-01-12,0.50\n" for n in range(PEOPLE)),
    "events": "customer_id,name,occurred_at,properties.n\n" + "".join(f"c{n},Seen,2026-01-10,{n}\n" for n in range(PEOPLE)),
    "subscriptions": "reference,customer_id,status,mrr,started_at,ended_at\n"
    + "".join(f"S{n},c{n},{'ended' if n % 3 else 'active'},10,2025-01-01,2025-06-01\n" for n in range(PEOPLE)),
    "consents": "customer_id,topic,state,changed_at,source,wording\n"
    + "".join(f"c{n},news,granted,2025-01-01,Till,Yes\n" for n in range(PEOPLE)),
    "points": "customer_id,points\n" + "".join(f"c{n},{n + 1}\n" for n in range(PEOPLE)),
}
ROWS = {"orders": PEOPLE // 2}
TABLES = {
    "customers": [(Customer, ("external_id", "email", "first_name"))],
    "products": [(Product, ("sku", "name"))],
    "orders": [(Order, ("number", "total_minor")), (OrderLine, ("order__number", "product__sku", "quantity"))],
    "refunds": [(Refund, ("number", "amount_minor")), (Order, ("number", "refunded_minor", "state"))],
    "events": [(Event, ("customer__external_id", "properties"))],
    "subscriptions": [(Subscription, ("reference", "status")), (SubscriptionChange, ("subscription__reference", "status"))],
    "consents": [(Consent, ("customer__external_id", "state")), (ConsentChange, ("customer__external_id", "wording"))],
    "points": [(Account, ("customer__external_id", "active")), (Entry, ("account__customer__external_id", "points"))],
}


def state(kind):
    return [sorted(model.objects.values_list(*fields), key=str) for model, fields in [*TABLES[kind], (Event, ("key",))]]


def company(at):
    imports.account()
    Topic.objects.create(slug="news", name="News")
    Customer.objects.bulk_create([Customer(external_id=f"c{n}", created_at=at, updated_at=at) for n in range(PEOPLE)])
    head = "order_number,customer_id,placed_at,sku,quantity,unit_price\n"
    before = imports.queued(head + "".join(f"P{n},c{n},2026-01-01,MUG,1,1.50\n" for n in range(10)), at, kind="orders")
    assert jobs.run_job(before.pk, clock=now, seconds=60) == "done"


def work(job_id, *, dies_at):
    """Run an import in a process of its own that kills itself at a statement; True when it came to its end."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        left = [dies_at]

        def die(execute, statement, parameters, many, context):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(statement, parameters, many, context)

        try:
            with connection.execute_wrapper(die):
                jobs.run_job(job_id, clock=now, seconds=60)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return not os.WIFSIGNALED(status)


@pytest.mark.parametrize("kind", FILES)
def test_killed_import_goes_on_and_ends_as_if_nothing_had_been(kind, at, monkeypatch):
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": BATCH})
    company(at)
    job = imports.queued(FILES[kind], at, kind=kind)
    draw, kills = random.Random(kind), 0

    for _ in range(40):
        # later tries live longer, so that it comes to an end; each of them still dies within a batch or two
        if work(job.pk, dies_at=draw.randint(2, 25 + kills * 4)):
            break
        kills += 1
        ImportJob.objects.filter(pk=job.pk, state="running").update(heartbeat_at=now() - timedelta(minutes=2))

    job.refresh_from_db()
    expected = ROWS.get(kind, PEOPLE)
    assert kills > 0
    assert (job.state, job.created_count, job.problem_count) == ("done", expected, 0)
    before = state(kind)
    again = imports.queued(FILES[kind], at, kind=kind)
    assert jobs.run_job(again.pk, clock=now, seconds=60) == "done"
    again.refresh_from_db()
    assert (again.created_count, again.updated_count, again.unchanged_count) == (0, 0, expected)
    assert state(kind) == before


def test_worker_that_was_given_up_loses_to_the_one_that_took_over(at, monkeypatch, on_postgresql):
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": BATCH})
    company(at)
    job = imports.queued(FILES["customers"], at)
    real, overtakes = jobs._take, []

    def overtaken(job_id, batch, taking, at):
        if batch[0].number >= BATCH and not overtakes:  # it sits still before its second batch: another one finishes
            overtakes.append(True)
            ImportJob.objects.filter(pk=job.pk).update(heartbeat_at=at - timedelta(minutes=2))
            assert work(job.pk, dies_at=10_000)
        return real(job_id, batch, taking, at)

    monkeypatch.setattr(jobs, "_take", overtaken)

    assert jobs.run_job(job.pk, clock=now, seconds=60) == "done"

    job.refresh_from_db()
    assert overtakes == [True]
    assert (job.created_count, job.unchanged_count) == (PEOPLE, 0)
    assert Customer.objects.filter(external_id__startswith="new").count() == PEOPLE


def test_two_workers_on_one_import_take_each_row_once(at, on_postgresql, monkeypatch):
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": BATCH})
    company(at)
    job = imports.queued(FILES["events"], at, kind="events")
    connections.close_all()
    children = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            try:
                jobs.run_job(job.pk, clock=now, seconds=60)
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)

    job.refresh_from_db()
    assert (job.state, job.created_count, job.unchanged_count) == ("done", PEOPLE, 0)
    assert Event.objects.filter(name="Seen").count() == PEOPLE
