"""From the claim to the reward, and back."""

from datetime import timedelta

import pytest
from django import forms

from customers.models import Event, FailedEvent, Order
from customers.ports import effects
from referrals.actions import follow, release, review
from referrals.actions.claim import NotAnAddress
from referrals.models import FraudSignal, Referral, RewardGrant, RewardTally, StateChange
from referrals.queries.ports import due
from tests.factories import people
from tests.factories import referrals as make
from tests.factories.referrals import DAY

pytestmark = pytest.mark.django_db


class Points:
    """A points programme that keeps what it was told."""

    def __init__(self):
        self.given, self.taken = {}, []

    def apply(self, customer_ids, params, key, at):
        new = [c for c in customer_ids if (key, c) not in self.given]
        self.given |= {(key, c): params["points"] for c in new}
        return len(new)

    def reverse(self, customer_ids, params, key, at):
        self.taken += [(key, c) for c in customer_ids]
        return len(customer_ids)


@pytest.fixture
def points(monkeypatch):
    fake = Points()
    effect = effects.Effect("loyalty.give_points", "Give points", "gift", forms.Form, fake.apply, fake.reverse)
    monkeypatch.setitem(effects.registry._items, "loyalty.give_points", effect)
    return fake


@pytest.fixture
def bob(at):
    make.programme()
    return people.bob()


@pytest.fixture
def code(bob, at):
    return make.code(bob, at)


def only():
    return Referral.objects.get()


def order_row(customer, at, number="N1", total_minor=5000):
    return Order.objects.create(
        customer=customer, number=number, placed_at=at, local_day=at.date(), total_minor=total_minor, currency="EUR"
    )


def qualified(code, at):
    """A friend who claimed and ordered two days later."""
    make.claim(code, at)
    fiona = make.friend(at + DAY)
    row = order_row(fiona, at + 2 * DAY)
    make.order(fiona, at + 2 * DAY, order_id=row.pk)
    make.settle(at + 2 * DAY)
    return fiona, row


def test_claim_to_reward(code, bob, points, at):
    fiona, row = qualified(code, at)

    referral = only()
    assert (referral.state, referral.friend_id, referral.order_id) == ("in_hold", fiona.pk, row.pk)
    assert referral.hold_until == at + 16 * DAY
    release.release_due(at=at + 15 * DAY)
    assert only().state == "in_hold"
    release.release_due(at=at + 16 * DAY)

    referral = only()
    assert (referral.state, referral.reason) == ("rewarded", "reward_paid")
    key = f"referral:{referral.pk}"
    assert points.given == {(f"{key}:advocate", bob.pk): 500, (f"{key}:friend", fiona.pk): 300}
    assert RewardTally.objects.get(customer=bob).rewarded_count == 1
    steps = StateChange.objects.order_by("id").values_list("from_state", "to_state")
    assert list(steps) == [
        ("", "claimed"), ("claimed", "signed_up"), ("signed_up", "qualified"), ("qualified", "in_hold"),
        ("in_hold", "approved"), ("approved", "rewarded"),
    ]  # fmt: skip
    names = Event.objects.filter(customer=bob).order_by("id").values_list("name", flat=True)
    assert list(names) == [
        "referral.claimed", "referral.signed_up", "referral.qualified", "referral.approved", "referral.rewarded",
    ]  # fmt: skip
    release.release_due(at=at + 17 * DAY)
    assert len(points.given) == 2


@pytest.mark.parametrize("email", ["Friend@Example.com", "friend+again@example.com"])
def test_claim_again_is_the_same_referral(code, at, email):
    first = make.claim(code, at)

    assert make.claim(code, at + DAY, email=email) == first
    assert StateChange.objects.count() == 1


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x@y@", "a" * 250 + "@example.com"])
def test_claim_refuses_what_is_no_address(code, at, email):
    with pytest.raises(NotAnAddress):
        make.claim(code, at, email=email)


def test_own_address_is_blocked_in_each_spelling(code, at):
    assert make.claim(code, at, email="bob+x@example.com").reason == "own_link"


def test_customer_with_orders_is_blocked(code, at):
    order_row(people.alice(), at - DAY)

    referral = make.claim(code, at, email="Alice@example.com")

    assert (referral.state, referral.reason) == ("blocked", "existing_customer")
    assert Event.objects.count() == 0


def test_reader_without_orders_may_be_referred(code, at, points):
    alice = people.alice()

    referral = make.claim(code, at, email="alice@example.com")
    make.order(alice, at + DAY)
    make.settle(at + DAY)

    assert referral.friend_id == alice.pk
    assert only().state == "in_hold"


def test_friend_is_bound_to_the_first_member(code, at):
    make.claim(code, at)
    second = make.claim(make.code(people.carol(), at), at)

    assert (second.state, second.reason) == ("blocked", "already_referred")


def test_order_below_the_minimum_waits_for_a_larger_one(code, at):
    make.claim(code, at)
    fiona = make.friend(at + DAY)
    make.order(fiona, at + DAY, number=1, amount_minor=1999)
    make.settle(at + DAY)
    assert only().state == "signed_up"

    make.order(fiona, at + 3 * DAY, number=2, amount_minor=2000)
    make.settle(at + 3 * DAY)
    assert (only().state, only().order_number) == ("in_hold", "N2")


def test_order_in_another_currency_does_not_count(code, at):
    make.claim(code, at)
    make.order(make.friend(at + DAY), at + DAY, currency="USD")
    make.settle(at + DAY)

    assert only().state == "signed_up"


def test_order_after_the_window_does_not_count_and_the_claim_expires(code, at):
    make.claim(code, at)
    make.order(make.friend(at + DAY), at + 31 * DAY)
    make.settle(at + 31 * DAY)
    release.release_due(at=at + 32 * DAY)

    assert (only().state, only().reason) == ("expired", "window_passed")
    assert make.claim(code, at + 40 * DAY, email="new@example.com").state == "claimed"


def test_order_before_the_claim_blocks(code, at):
    fiona = make.friend(at - 9 * DAY)
    make.order(fiona, at - 8 * DAY)
    make.claim(code, at)
    make.order(fiona, at + DAY, number=2)
    make.settle(at + DAY)

    assert (only().state, only().reason) == ("blocked", "existing_customer")


def test_events_may_arrive_in_any_order(code, at):
    make.claim(code, at)
    fiona = people.customer("Fiona", email="friend@example.com", created_at=at)
    make.order(fiona, at + DAY)
    make.settle(at + DAY)
    assert only().state == "claimed"

    make.record(fiona, "customer.created", at + DAY, 1)
    make.settle(at + 2 * DAY)
    assert only().state == "in_hold"


def test_refund_during_hold_voids(code, at, points):
    fiona, row = qualified(code, at)
    make.refund(fiona, at + 5 * DAY, order_id=row.pk, in_full=True)
    make.settle(at + 5 * DAY)
    release.release_due(at=at + 30 * DAY)

    assert (only().state, only().reason) == ("voided", "order_refunded")
    assert points.given == {}


def test_small_refund_leaves_the_referral(code, at):
    fiona, row = qualified(code, at)
    make.refund(fiona, at + 5 * DAY, number=1, amount_minor=1000, order_id=row.pk)
    make.settle(at + 5 * DAY)
    assert only().state == "in_hold"

    make.refund(fiona, at + 6 * DAY, number=2, amount_minor=2500, order_id=row.pk)
    make.settle(at + 6 * DAY)
    assert only().state == "voided"


def test_refund_of_another_order_leaves_the_referral(code, at):
    fiona, row = qualified(code, at)
    make.refund(fiona, at + 5 * DAY, order_id=row.pk + 1, in_full=True)
    make.settle(at + 5 * DAY)

    assert only().state == "in_hold"


def test_refund_without_an_order_asks_a_person(code, at):
    fiona, _row = qualified(code, at)
    make.refund(fiona, at + 5 * DAY)
    make.settle(at + 5 * DAY)

    assert (only().state, only().reason) == ("flagged", "refund_unclear")


def test_refund_after_the_reward_takes_it_back(code, bob, at, points):
    fiona, row = qualified(code, at)
    release.release_due(at=at + 20 * DAY)
    make.refund(fiona, at + 25 * DAY, order_id=row.pk, in_full=True)
    make.settle(at + 25 * DAY)

    key = f"referral:{only().pk}"
    assert only().state == "reversed"
    assert sorted(points.taken) == sorted([(f"{key}:advocate", bob.pk), (f"{key}:friend", fiona.pk)])
    assert set(RewardGrant.objects.values_list("state", flat=True)) == {"reversed"}
    assert RewardTally.objects.get(customer=bob).rewarded_count == 0


def test_without_a_points_programme_it_stays_approved_and_says_so(code, at, monkeypatch):
    monkeypatch.delitem(effects.registry._items, "loyalty.give_points", raising=False)
    qualified(code, at)

    release.release_due(at=at + 20 * DAY)

    assert (only().state, only().reason) == ("approved", "no_points_programme")
    assert RewardGrant.objects.count() == 0


def test_reward_over_the_yearly_cap_counts_but_is_capped(code, bob, at, points):
    code.customer.refresh_from_db()
    programme = only_programme()
    programme.yearly_cap = 1
    programme.save()
    for number, email in enumerate(["one@example.com", "two@example.com"]):
        make.claim(code, at, email=email)
        fiona = make.friend(at + DAY, email=email, first_name=f"F{number}")
        make.order(fiona, at + DAY + timedelta(hours=number))
    make.settle(at + DAY)
    release.release_due(at=at + 20 * DAY)

    grants = RewardGrant.objects.order_by("id").values_list("role", "state")
    assert list(grants) == [
        ("advocate", "granted"), ("friend", "granted"), ("advocate", "capped"), ("friend", "granted"),
    ]  # fmt: skip
    assert [r.reason for r in Referral.objects.order_by("id")] == ["reward_paid", "reward_capped"]
    assert RewardTally.objects.get(customer=bob).rewarded_count == 2


def only_programme():
    return Referral.programme.field.related_model.objects.get()


def test_failed_payment_leaves_its_own_referral_approved(code, at, points, monkeypatch):
    for email in ("one@example.com", "two@example.com"):
        make.claim(code, at, email=email)
        make.order(make.friend(at + DAY, email=email, first_name=email[:3]), at + DAY)
    make.settle(at + DAY)
    bad, good = Referral.objects.order_by("id")
    apply = points.apply

    def refuse(customer_ids, params, key, moment):
        if key.startswith(f"referral:{bad.pk}:"):
            raise ValueError("no lot")
        return apply(customer_ids, params, key, moment)

    effect = effects.Effect("loyalty.give_points", "Give points", "gift", forms.Form, refuse, points.reverse)
    monkeypatch.setitem(effects.registry._items, "loyalty.give_points", effect)
    release.release_due(at=at + 20 * DAY)

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("approved", "rewarded")
    assert not RewardGrant.objects.filter(referral=bad).exists()


def claimed_from_the_members_office(code, at):
    type(code).objects.filter(pk=code.pk).update(owner_network_hash="n", owner_agent_hash="a")
    make.claim(code, at, network_hash="n", agent_hash="a")
    make.order(make.friend(at + DAY), at + 2 * DAY)
    make.settle(at + 2 * DAY)
    release.release_due(at=at + 20 * DAY)


def test_flagged_referral_waits_for_a_person(code, at, points):
    marta = people.staff_member()
    claimed_from_the_members_office(code, at)
    referral = only()
    assert (referral.state, referral.score) == ("flagged", 40)
    assert FraudSignal.objects.get().kind == "same_ip_agent"
    release.release_due(at=at + 60 * DAY)
    assert only().state == "flagged"

    review.approve(referral.pk, by=marta.pk, note="Two flatmates, called both", at=at + 61 * DAY)
    release.release_due(at=at + 61 * DAY)

    assert only().state == "rewarded"
    decision = StateChange.objects.get(reason="staff_approved")
    assert (decision.by, decision.note) == (marta, "Two flatmates, called both")
    with pytest.raises(review.CannotDecide):
        review.approve(referral.pk, by=marta.pk, note="again", at=at + 62 * DAY)


def test_void_takes_a_given_reward_back(code, at, points):
    qualified(code, at)
    release.release_due(at=at + 20 * DAY)

    review.void(only().pk, by=None, note="Same household", at=at + 21 * DAY)

    assert (only().state, only().reason) == ("reversed", "staff_voided")
    assert len(points.taken) == 2


def test_claim_from_the_members_browser_is_blocked(code, at, points):
    type(code).objects.filter(pk=code.pk).update(owner_visitor_hash="v")
    make.claim(code, at, visitor_hash="v")
    make.order(make.friend(at + DAY), at + 2 * DAY)
    make.settle(at + 2 * DAY)
    release.release_due(at=at + 20 * DAY)

    assert (only().state, only().reason) == ("blocked", "too_suspicious")
    assert points.given == {}


def test_batches_without_friends_cost_one_look_up(code, at, django_assert_num_queries):
    ids = [people.customer(f"P{n}").pk for n in range(50)]

    with django_assert_num_queries(3):  # savepoint, look-up, release
        follow.qualify(ids, at=at)
    with django_assert_num_queries(1):
        follow.link_friends(ids, at=at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order_id", [424242, 10**30, -1, True, "7", [1], {"id": 1}])
def test_an_order_that_nobody_knows_does_not_hold_up_the_timeline(at, order_id):
    make.programme(minimum_order_minor=100)
    make.claim(make.code(people.alice(), at), at)
    fiona = make.friend(at)
    make.order(fiona, at + DAY, order_id=order_id)
    make.refund(fiona, at + 2 * DAY, order_id=order_id, amount_minor=1)

    make.settle(at + 3 * DAY)

    referral = Referral.objects.get()
    assert (referral.order_id, referral.order_number) == (None, "N1")
    assert FailedEvent.objects.count() == 0


def test_work_counts_as_due_only_when_it_would_be_done(at):
    make.programme(window_days=30)
    make.claim(make.code(people.alice(), at), at)
    counts = {}

    for days in (30.5, 31.5):
        moment = at + timedelta(days=days)
        counts[days] = (due(moment).count, release.release_due(at=moment))

    assert counts == {30.5: (0, 0), 31.5: (1, 1)}
