"""Orders earn points once, refunds take back exactly, tiers follow spending."""

import pytest

from customers.models import Event
from loyalty.actions.orders import book_orders
from loyalty.models import Account, Entry, Lot, TierChange
from loyalty.queries import audit
from tests.factories import loyalty, people
from tests.factories.loyalty import days, placed, refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    loyalty.programme()
    loyalty.tiers()
    return people.alice()


def balance(customer):
    held = loyalty.account(customer)
    return (held.pending, held.active, held.deficit)


def test_order_earns_points_in_a_lot_with_its_breakdown(alice, at):
    book_orders([placed(alice, 4_599, at, order_id=7)], at)

    entry = Entry.objects.get()
    assert (entry.kind, entry.points, entry.idempotency_key) == ("earn_order", 45, "order:7")
    assert entry.breakdown == {
        "amount_minor": 4599, "points": 1, "per_minor": 100, "factor_percent": 100, "tier": "Seedling",
        "rounding": "floor", "result": 45,
    }  # fmt: skip
    assert list(Lot.objects.values_list("granted", "remaining")) == [(45, 45)]
    assert f"{entry.expires_at:%Y-%m-%d}" == "2027-04-01"  # the end of 31 March
    assert balance(alice) == (0, 45, 0)


def test_order_effects_are_booked_once_however_often_the_event_comes(alice, at):
    event = placed(alice, 4_500, at, order_id=7)

    book_orders([event, event], at)
    book_orders([event], at)

    assert Entry.objects.count() == 1
    assert balance(alice) == (0, 45, 0)


def test_points_wait_for_the_return_period(alice, at):
    loyalty.programme(pending_days=14)

    book_orders([placed(alice, 5_000, at)], at)

    assert balance(alice) == (50, 0, 0)


def test_partial_refunds_take_back_in_proportion_whatever_their_order(alice, at):
    bob = people.bob()
    first = [
        placed(alice, 9_999, at, order_id=1),
        refunded(alice, 3_333, at + days(1), 1),
        refunded(alice, 1_000, at + days(2), 1),
    ]
    other = [
        placed(bob, 9_999, at, order_id=2),
        refunded(bob, 1_000, at + days(1), 2),
        refunded(bob, 3_333, at + days(2), 2),
    ]

    book_orders(first, at + days(3))
    for event in reversed(other):
        book_orders([event], at + days(3))

    assert balance(alice) == balance(bob) == (0, 56, 0)
    assert audit.drift() == []


def test_full_refund_leaves_a_debt_when_points_were_spent(alice, at):
    from loyalty.actions import points

    book_orders([placed(alice, 10_000, at, order_id=1)], at)
    points.redeem(alice.id, points=80, reason="gift", key="r1", at=at)

    book_orders([refunded(alice, 10_000, at, 1)], at)
    owed = balance(alice)
    book_orders([placed(alice, 10_000, at, order_id=2)], at)

    assert owed == (0, 0, 80)
    assert balance(alice) == (0, 20, 0)
    assert audit.drift() == []


@pytest.mark.parametrize(("policy", "left"), [("within_balance", (0, 0, 0)), ("only_pending", (0, 20, 0))])
def test_clawback_policy_limits_what_a_refund_takes(alice, at, policy, left):
    from loyalty.actions import points

    loyalty.programme(clawback=policy)
    book_orders([placed(alice, 10_000, at, order_id=1)], at)
    points.redeem(alice.id, points=80, reason="gift", key="r1", at=at)

    book_orders([refunded(alice, 10_000, at, 1)], at)

    assert balance(alice) == left
    assert Entry.objects.get(kind="clawback").desired_points == -100


def test_refund_without_an_order_lowers_only_the_tier_metric(alice, at):
    book_orders([placed(alice, 10_000, at), refunded(alice, 4_000, at + days(1))], at + days(1))

    assert balance(alice) == (0, 100, 0)
    assert loyalty.account(alice).metric == 6_000


def test_tier_is_reached_at_once_and_multiplies_the_next_order(alice, at):
    book_orders([placed(alice, 20_000, at), placed(alice, 10_000, at + days(1))], at + days(1))

    assert list(Entry.objects.order_by("id").values_list("points", flat=True)) == [200, 125]
    stays = TierChange.objects.order_by("since").values_list("tier__name", "cause", "until")
    assert list(stays) == [("Seedling", "joined", at), ("Evergreen", "reached", None)]
    assert Event.objects.get(name="loyalty.tier_changed").properties == {
        "tier": "Evergreen", "from": "Seedling", "direction": "up",
    }  # fmt: skip


def test_tier_goes_back_when_the_order_is_refunded_soon(alice, at):
    order, refund = placed(alice, 120_000, at, order_id=1), refunded(alice, 110_000, at + days(5), 1)

    book_orders([order], at)
    reached = loyalty.account(alice).tier.name
    book_orders([refund], at + days(5))

    assert (reached, loyalty.account(alice).tier.name) == ("Oak", "Seedling")


def test_tier_ignores_an_order_whose_refund_came_first(alice, at):
    order, refund = placed(alice, 120_000, at, order_id=1), refunded(alice, 110_000, at + days(5), 1)

    book_orders([refund], at + days(5))
    book_orders([order], at + days(5))

    assert loyalty.account(alice).tier.name == "Seedling"
    assert (loyalty.account(alice).metric, loyalty.account(alice).earned) == (10_000, 100)


def test_other_currency_is_kept_with_its_reason_but_earns_nothing(alice, at):
    book_orders([placed(alice, 10_000, at, currency="USD")], at)

    entry = Entry.objects.get()
    assert (entry.points, entry.spend_minor, entry.breakdown) == (0, 0, {"skipped": "currency USD is not GBP"})


def test_order_ids_from_strangers_do_no_harm(alice, at):
    for odd in ["7; drop", -3, 2**70, {"a": 1}, True, None, "9"]:
        book_orders([placed(alice, 1_000, at) if odd is None else placed(alice, 1_000, at, order_id=odd)], at)

    assert balance(alice) == (0, 70, 0)


def test_batch_costs_the_same_number_of_statements_for_few_and_many(alice, at, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def statements(count, offset):
        cast = [people.customer(f"Member{offset + i}") for i in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            book_orders([placed(c, 30_000, at) for c in cast], at)
        return len(queries)

    assert statements(40, 100) <= statements(3, 0)


def test_stopped_programme_books_nothing(alice, at):
    loyalty.programme(is_active=False)

    book_orders([placed(alice, 10_000, at)], at)

    assert Account.objects.count() == 0
