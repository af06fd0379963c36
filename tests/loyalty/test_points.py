"""Points outside of orders: bonuses, redemptions, corrections, expiry; and a database that refuses to forget."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from customers.models import AuditEntry, Event
from customers.ports import effects, personal_data
from loyalty.actions import points, rewards, settle
from loyalty.actions.orders import book_orders
from loyalty.models import Account, Allocation, Entry, Lot, Redemption, Reward
from loyalty.queries import audit
from loyalty.sql import append_only
from tests.factories import loyalty, people
from tests.factories.loyalty import days, placed, refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    loyalty.programme()
    loyalty.tiers()
    return people.alice()


def give(customer, number, at, key="k1"):
    return points.give([customer.id], points=number, reason="Welcome", key=key, at=at)


def test_give_points_takes_effect_once_per_key_and_customer(alice, at):
    bob = people.bob()

    first = points.give([alice.id, bob.id], points=50, reason="Friend", key="referral:1", at=at)
    again = points.give([alice.id, bob.id], points=50, reason="Friend", key="referral:1", at=at)

    assert (first, again) == (2, 0)
    assert [loyalty.account(alice).active, loyalty.account(bob).active] == [50, 50]
    assert Event.objects.filter(name="loyalty.points_earned").count() == 2


def test_effect_gives_and_takes_back_leaving_a_debt_for_what_was_spent(alice, at):
    effect = effects.get("loyalty.give_points")
    effect.apply([alice.id], {"points": 50, "reason": "Friend"}, "referral:1", at)
    points.redeem(alice.id, points=20, reason="gift", key="r", at=at)

    undone = [effect.reverse([alice.id], {"points": 50, "reason": "Void"}, "referral:1", at) for _ in range(2)]

    held = loyalty.account(alice)
    assert undone == [1, 0]
    assert (held.active, held.deficit, held.spent) == (0, 20, 20)
    assert audit.drift() == []


def test_redeem_spends_what_ends_first_and_never_too_much(alice, at):
    book_orders([placed(alice, 10_000, at - days(40)), placed(alice, 10_000, at)], at)

    points.redeem(alice.id, points=120, reason="gift", key="r1", at=at)
    points.redeem(alice.id, points=120, reason="gift", key="r1", at=at)

    assert list(Lot.objects.order_by("expires_at").values_list("remaining", flat=True)) == [0, 80]
    with pytest.raises(points.NotEnoughPoints) as refused:
        points.redeem(alice.id, points=81, reason="gift", key="r2", at=at)
    assert (refused.value.wanted, refused.value.available) == (81, 80)


def test_redeem_never_takes_pending_or_ended_points(alice, at):
    loyalty.programme(pending_days=14)
    book_orders([placed(alice, 10_000, at)], at)

    with pytest.raises(points.NotEnoughPoints):
        points.redeem(alice.id, points=1, reason="gift", key="r1", at=at + days(13))
    points.redeem(alice.id, points=1, reason="gift", key="r2", at=at + days(14))
    with pytest.raises(points.NotEnoughPoints):
        points.redeem(alice.id, points=1, reason="gift", key="r3", at=at + days(400))
    assert audit.drift() == []


def test_returned_redemption_keeps_its_end_but_at_least_two_weeks(alice, at):
    book_orders([placed(alice, 10_000, at)], at)
    spent = points.redeem(alice.id, points=60, reason="gift", key="r1", at=at)
    late = Lot.objects.get().expires_at - days(3)

    first = points.return_redemption(spent, reason="out of stock", at=late)
    again = points.return_redemption(spent, reason="out of stock", at=late)

    held = loyalty.account(alice)
    assert first.id == again.id
    assert (held.active, held.spent) == (100, 0)
    assert Lot.objects.get().expires_at == late + points.RETURN_GRACE
    assert audit.drift() == []


def test_due_accounts_mature_and_expire_by_the_job(alice, at):
    loyalty.programme(pending_days=14)
    book_orders([placed(alice, 10_000, at)], at)

    assert settle.settle_due(at=at + days(13)) == 0
    assert settle.settle_due(at=at + days(15)) == 1
    assert (loyalty.account(alice).pending, loyalty.account(alice).active) == (0, 100)
    assert settle.settle_due(at=at + days(400)) == 1

    held = loyalty.account(alice)
    assert (held.active, held.expired, held.next_due_at) == (0, 100, None)
    assert Event.objects.get(name="loyalty.points_expired").properties["points"] == 100
    assert settle.settle_due(at=at + days(500)) == 0
    assert audit.drift() == []


def test_refund_of_expired_points_costs_nothing_more(alice, at):
    book_orders([placed(alice, 10_000, at, order_id=1)], at)
    settle.settle_due(at=at + days(400))

    book_orders([refunded(alice, 10_000, at + days(401), 1)], at + days(401))

    assert (loyalty.account(alice).deficit, loyalty.account(alice).expired) == (0, 100)


def test_adjust_is_audited_and_needs_enough_points(alice, at):
    marta = people.staff_member()
    points.adjust(alice.id, points=70, reason="Sorry", key="a", actor_id=marta.id, at=at)
    points.adjust(alice.id, points=-20, reason="Typo", key="b", actor_id=marta.id, at=at)

    with pytest.raises(points.NotEnoughPoints):
        points.adjust(alice.id, points=-51, reason="No", key="c", actor_id=marta.id, at=at)

    assert list(Entry.objects.order_by("id").values_list("kind", "points", "actor_id")) == [
        ("manual_credit", 70, marta.id),
        ("manual_debit", -20, marta.id),
    ]
    assert AuditEntry.objects.filter(verb="loyalty.points_adjusted").count() == 2


@pytest.mark.parametrize("change", [
    "UPDATE loyalty_entry SET points = 1000000",
    "UPDATE loyalty_entry SET note = 'other'",
    "DELETE FROM loyalty_entry",
    "UPDATE loyalty_allocation SET points = 0",
    "DELETE FROM loyalty_allocation",
])  # fmt: skip
def test_database_refuses_to_change_the_ledger(alice, at, change):
    give(alice, 100, at)
    points.redeem(alice.id, points=10, reason="gift", key="r1", at=at)
    with connection.cursor() as cursor:
        for table in append_only.TABLES if connection.vendor == "sqlite" else ():
            cursor.execute(append_only.no_delete(table))

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert Entry.objects.count() == 2
    assert Allocation.objects.count() == 1


def test_reward_gives_a_code_once_and_cancelling_returns_the_points(alice, at):
    give(alice, 250, at)
    offer = loyalty.reward(stock=5, code_prefix="LEAF")

    first = rewards.claim(alice.id, reward_id=offer.id, key="n1", at=at)
    again = rewards.claim(alice.id, reward_id=offer.id, key="n1", at=at)

    assert first.code == again.code
    assert first.code.startswith("LEAF-")
    assert (loyalty.account(alice).active, Reward.objects.get().stock) == (150, 4)
    rewards.cancel(first.id, actor_id=None, at=at)
    assert (loyalty.account(alice).active, Reward.objects.get().stock) == (250, 5)
    with pytest.raises(rewards.NotOpen):
        rewards.mark_used(first.id, actor_id=None, at=at)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"cost": 300}, "You need 50 more points for this reward."),
        ({"stock": 0}, "This reward has run out."),
        ({"is_active": False}, "This reward is no longer on offer."),
        ({"per_member_limit": 0}, "You have taken this reward as often as it can be taken."),
    ],
)
def test_reward_refusals_say_why(alice, at, values, reason):
    give(alice, 250, at)

    with pytest.raises(rewards.RewardRefused) as refused:
        rewards.claim(alice.id, reward_id=loyalty.reward(**values).id, key="n1", at=at)

    assert refused.value.reason == reason


def test_reward_for_a_higher_tier_is_refused(alice, at):
    give(alice, 250, at)
    offer = loyalty.reward(min_tier=loyalty.tiers()[2])

    with pytest.raises(rewards.RewardRefused, match="from Oak up"):
        rewards.claim(alice.id, reward_id=offer.id, key="n1", at=at)


def test_codes_end_by_themselves(alice, at):
    give(alice, 250, at)
    rewards.claim(alice.id, reward_id=loyalty.reward(code_days=30).id, key="n1", at=at)

    assert rewards.expire_codes(at=at + days(29)) == 0
    assert rewards.expire_codes(at=at + days(30)) == 1
    assert Redemption.objects.get().state == "expired"


def test_erasure_cuts_the_person_off_and_keeps_the_sums(alice, at):
    give(alice, 250, at)
    policy = personal_data.get("loyalty")

    exported = policy.export(alice.id)
    policy.erase(alice.id, at)
    alice.delete()

    assert exported["points"][0]["note"] == "Welcome"
    assert list(Account.objects.values_list("customer", "active")) == [(None, 250)]
    assert list(Entry.objects.values_list("points", "note")) == [(250, "")]


def test_merge_moves_points_debt_and_metric(alice, at):
    bob = people.bob()
    book_orders([placed(alice, 30_000, at), placed(bob, 10_000, at, order_id=5)], at)
    points.redeem(bob.id, points=100, reason="gift", key="r", at=at)
    book_orders([refunded(bob, 10_000, at + days(40), 5)], at + days(40))
    ends = Lot.objects.get(account__customer=alice).expires_at

    personal_data.get("loyalty").merge(alice.id, bob.id, at + days(41))

    held = loyalty.account(bob)
    assert (held.active, held.deficit, held.tier.name, held.metric) == (200, 0, "Evergreen", 30_000)
    assert Lot.objects.get(remaining__gt=0).expires_at == ends
    assert not Account.objects.filter(customer=alice).exists()
    assert audit.drift() == []


@pytest.mark.django_db(transaction=True)
def test_two_hundred_redemptions_of_the_last_hundred_points_grant_exactly_a_hundred(on_postgresql, alice, at):
    give(alice, 100, at)

    def redeem(number):
        try:
            points.redeem(alice.id, points=1, reason="gift", key=f"r{number}", at=at)
        except points.NotEnoughPoints:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(20) as pool:
        granted = sum(pool.map(redeem, range(200)))

    held = loyalty.account(alice)
    assert (granted, held.active, held.spent) == (100, 0, 100)
    assert audit.drift() == []


@pytest.mark.django_db(transaction=True)
def test_racing_batches_of_new_members_book_each_order_once(on_postgresql, alice, at):
    cast = [alice, *(people.customer(f"Member{number}") for number in range(20))]
    orders = [placed(customer, 10_000, at) for customer in cast]

    def book(turn):
        try:
            with transaction.atomic():
                book_orders(orders[turn:] + orders[:turn], at)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(book, range(16)))

    assert Entry.objects.count() == len(cast)
    assert set(Account.objects.values_list("active", flat=True)) == {100}
