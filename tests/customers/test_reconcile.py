"""The nightly check: silent when all is right, corrects and reports when it is not, leaves moving rows alone."""

import pytest

from customers.actions import reconcile, timeline
from customers.models import CustomerFacts, EventAggregate, JobRun
from tests.customers.imports.test_run import CUSTOMERS, ORDERS, take
from tests.factories import imports

pytestmark = pytest.mark.django_db

RIGHT = {"customers corrected": 0, "event counts corrected": 0}


@pytest.fixture
def company(tmp_path, at):
    imports.account()
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)
    refunds = "refund_number,customer_id,refunded_at,amount,order_number\nR1,2,2026-01-12,10.00,A2\n"
    take(tmp_path, "refunds", refunds, at)
    while timeline.process_batch(at=at):
        pass


def state():
    return list(CustomerFacts.objects.order_by("customer").values()), list(
        EventAggregate.objects.order_by("customer", "name").values("customer", "name", "count", "first_at", "last_at")
    )


def test_reconcile_finds_nothing_when_all_is_right(company, at):
    before = state()

    assert reconcile.reconcile(period="2026-03-16", at=at) == RIGHT
    assert state() == before


def test_reconcile_corrects_and_reports_drift(company, at):
    before = state()
    CustomerFacts.objects.filter(customer__external_id="1").update(revenue_minor=1, last_order_at=None)
    CustomerFacts.objects.filter(customer__external_id="2").delete()
    EventAggregate.objects.filter(customer__external_id="1", name="order.placed").update(count=7)
    EventAggregate.objects.filter(customer__external_id="2", name="order.placed").delete()

    summary = reconcile.reconcile(period="2026-03-16", at=at)

    assert summary == {"customers corrected": 2, "event counts corrected": 2}
    assert state() == before
    assert JobRun.objects.get().summary == summary


def test_reconcile_runs_once_per_period(company, at):
    reconcile.reconcile(period="2026-03-16", at=at)

    assert reconcile.reconcile(period="2026-03-16", at=at) is None


def test_reconcile_leaves_customers_with_waiting_events_alone(tmp_path, at):
    imports.account()
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)

    assert reconcile.reconcile(period="2026-03-16", at=at) == RIGHT
    assert CustomerFacts.objects.count() == 0
