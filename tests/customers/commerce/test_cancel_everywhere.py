"""A cancelled order is taken back exactly once by everybody who counts orders: points, referral rewards, figures, facts."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.actions import reconcile, timeline
from customers.commerce.actions.orders import NewOrder, NewRefund, cancel_many, place_many, refund_many
from customers.models import CustomerFacts
from loyalty.models import Account, Entry
from loyalty.queries import audit
from metrics.actions.rollup import rollup
from metrics.models import DailyFact, DirtyDay
from referrals.models import Referral
from tests.factories import imports, loyalty, people, referrals

pytestmark = pytest.mark.django_db

PLACED = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def account():
    imports.account(timezone="UTC")


def settle(at):
    while timeline.process_batch(at=at):
        pass


def order(customer, number="A1", total=5000):
    return NewOrder(customer.pk, number, PLACED, "GBP", total)


def give_back(number, amount, order_number, days):
    return NewRefund(number, PLACED + timedelta(days=days), amount, "GBP", order_number=order_number)


@pytest.mark.parametrize("refunded", [0, 2000, 5000])
@pytest.mark.parametrize("settled_between", [True, False])
def test_points_are_taken_back_once(at, refunded, settled_between):
    loyalty.programme()
    alice = people.alice()
    place_many([order(alice), order(alice, "A2", 1000)], at=at)
    if settled_between:
        settle(at)
    if refunded:
        refund_many([give_back("R1", refunded, "A1", 1)], at=at)
    cancel_many({"A1": PLACED + timedelta(days=2)}, source="", at=at)
    cancel_many({"A1": PLACED + timedelta(days=3)}, source="", at=at)
    settle(at)

    held = Account.objects.get()
    assert (held.pending, held.active, held.deficit) == (0, 10, 0)
    assert sum(Entry.objects.values_list("points", flat=True)) == 10
    assert audit.drift() == []


def test_referral_reward_is_reversed_once(at):
    referrals.programme(currency="GBP", created_at=PLACED - timedelta(days=90))
    advocate = people.alice()
    claimed = PLACED - timedelta(days=2)
    referrals.claim(referrals.code(advocate, claimed), claimed)
    fiona = referrals.friend(PLACED - timedelta(days=1))
    settle(at)
    place_many([order(fiona)], at=at)
    settle(at)
    before = Referral.objects.get().state

    cancel_many({"A1": PLACED + timedelta(days=2)}, source="", at=at)
    settle(at)

    assert before == "in_hold"
    assert (Referral.objects.get().state, Referral.objects.get().reason) == ("voided", "order_refunded")


@pytest.mark.parametrize("refunded", [0, 2000, 5000])
def test_figures_lose_the_order_once_whenever_they_are_counted(at, refunded):
    alice = people.alice()
    place_many([order(alice), order(alice, "A2", 700)], at=at)
    if refunded:
        refund_many([give_back("R1", refunded, "A1", 1)], at=at)
    settle(at)
    days = {"first": PLACED.date(), "last": PLACED.date() + timedelta(days=5)}
    rollup(**days, at=at)
    DirtyDay.objects.all().delete()

    cancel_many({"A1": PLACED + timedelta(days=2)}, source="", at=at)
    settle(at)
    marked = set(DirtyDay.objects.values_list("day", flat=True))
    rollup(**days, at=at)

    def total(metric):
        return sum(DailyFact.objects.filter(metric=metric, dimension="").values_list("numerator", flat=True))

    assert PLACED.date() in marked
    assert (total("revenue"), total("refunds"), total("orders")) == (700, 0, 1)
    facts = CustomerFacts.objects.get()
    assert (facts.order_count, facts.revenue_minor - facts.refunded_minor) == (1, 700)
    assert reconcile.reconcile(period="x", at=at)["customers corrected"] == 0
