"""Each field of a customer has, through a segment, the value that the app itself knows."""

from datetime import date, timedelta

import pytest

from customers.actions import timeline
from customers.models import CustomerFacts, Subscription
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.actions import refresh, save
from customers.segments.queries import explain, run
from loyalty.models import Account, Entry, Lot
from loyalty.models import Programme as Points
from loyalty.queries import statement
from metrics.actions.score_rfm import score_once, score_rfm
from referrals.models import Code, Referral
from referrals.models import Programme as Referrals
from tests.factories import loyalty, people, referrals, surveys

pytestmark = pytest.mark.django_db
GIVEN = {f"customer.{name}" for name in ("first_name", "email", "created_at", "updated_at")}


def rule(key, op, value=None):
    leaf = {"type": "field", "field": key, "op": op}
    return {"match": "all", "rules": [leaf if value is None else leaf | {"value": value}]}


def who(key, op, value=None, *, at):
    """First names of the customers for whom a rule holds, for everybody and then asked one by one."""
    found = sorted(run.matching(rule(key, op, value), at).values_list("first_name", flat=True))
    ids = list(run.matching({"match": "any", "rules": [rule(key, op, value), rule(key, "empty"), rule(key, "not_empty")]}, at)
               .order_by("id").values_list("id", flat=True))  # fmt: skip
    one_by_one = [pk for pk in ids if run.ids(rule(key, op, value), at, [pk])]
    assert len(one_by_one) == len(found)
    return found


def shown(customer, key, *, at):
    return explain(rule(key, "not_empty"), customer.pk, at).rules[0].value


def happened(customer, name, at, number=1, **properties):
    event = timeline.NewEvent(
        customer_id=customer.pk, name=name, occurred_at=at, key=timeline.event_key("test", name, customer.pk, number),
        source="test", properties=properties,
    )  # fmt: skip
    timeline.record(event, at=at)


def settle(at):
    while timeline.process_batch(at=at):
        pass


@pytest.mark.parametrize("key", sorted(item.key for item in fields.all()))
def test_every_field_answers_for_a_customer_without_anything(key, at):
    people.alice()
    field = fields.get(key)
    has_value = field.missing not in (None, "")

    assert who(key, "empty", at=at) == ([] if has_value or key in GIVEN else ["Alice"])
    assert len({*who(key, "empty", at=at), *who(key, "not_empty", at=at)}) == 1
    if field.type in (FieldType.NUMBER, FieldType.MONEY) and has_value:
        assert who(key, "is", 0, at=at) == ["Alice"]


def test_orders_have_a_worth_after_refunds_and_a_rhythm(at):
    alice, bob = people.alice(), people.bob()
    CustomerFacts.objects.create(
        customer=alice, order_count=4, revenue_minor=9000, refunded_minor=1500,
        first_order_at=at - timedelta(days=40), last_order_at=at - timedelta(days=10),
    )  # fmt: skip
    CustomerFacts.objects.create(customer=bob, order_count=1, revenue_minor=500, first_order_at=at, last_order_at=at)

    assert who("customer.order_revenue_net", "is", 7500, at=at) == ["Alice"]
    assert who("customer.order_gap_days", "is", 10, at=at) == ["Alice"]
    assert who("customer.order_gap_days", "empty", at=at) == ["Bob"]
    assert shown(alice, "customer.order_gap_days", at=at) == "10.0"


def test_a_trial_ends_on_the_day_it_would_renew(at):
    alice, bob = people.alice(), people.bob()
    for number, (customer, status, day) in enumerate(
        [(alice, "trialing", 20), (alice, "trialing", 25), (alice, "active", 18), (bob, "active", 18)]
    ):
        Subscription.objects.create(
            customer=customer, reference=f"s{number}", status=status, currency="EUR", started_at=at, changed_at=at,
            renews_on=date(2026, 3, day),
        )  # fmt: skip

    assert who("subscription.trial_ends_on", "in_next", 7, at=at) == ["Alice"]
    assert who("subscription.trial_ends_on", "on", "2026-03-20", at=at) == ["Alice"]
    assert who("subscription.trial_ends_on", "empty", at=at) == ["Bob"]


@pytest.fixture
def members(at):
    """Alice in Seedling with 15,000 of 20,000, Bob at the top, Carol no member."""
    loyalty.programme(currency="GBP")
    seedling, _evergreen, oak = loyalty.tiers()
    made = {
        "Alice": Account.objects.create(
            customer=people.alice(), joined_at=at, tier=seedling, metric=15_010, active=120, earned=150, spent=30
        ),
        "Bob": Account.objects.create(customer=people.bob(), joined_at=at, tier=oak, metric=200_000, active=40, earned=40),
    }
    people.carol()
    return made


def test_the_way_to_the_next_tier_is_what_the_members_page_says(members, at):
    said = statement.progress(members["Alice"], Points.objects.get())

    assert (said.missing_words, said.share) == ("£49.90", 75)
    assert who("loyalty.to_next_tier", "is", 50, at=at) == ["Alice"]
    assert who("loyalty.next_tier_percent", "is", said.share, at=at) == ["Alice"]
    assert who("loyalty.to_next_tier", "empty", at=at) == ["Bob", "Carol"]


def test_rewards_in_reach_are_those_on_offer_that_points_and_tier_suffice_for(members, at):
    oak = members["Bob"].tier
    loyalty.reward(cost=100)
    loyalty.reward(cost=40, min_tier=oak)
    loyalty.reward(cost=10, is_active=False)
    loyalty.reward(cost=10, stock=0)

    assert who("loyalty.rewards_in_reach", "is", 1, at=at) == ["Alice", "Bob"]
    assert who("loyalty.rewards_in_reach", "is", 0, at=at) == ["Carol"]
    assert who("loyalty.spent_points", "is", 30, at=at) == ["Alice"]


def test_points_end_next_when_the_earliest_open_lot_ends(members, at):
    account = members["Alice"]
    for number, (days, left) in enumerate([(50, 20), (20, 10), (5, 0)]):
        entry = Entry.objects.create(
            account=account, kind="earn", points=20, desired_points=20, occurred_at=at, local_day=at.date(), recorded_at=at,
            idempotency_key=f"t{number}",
        )  # fmt: skip
        Lot.objects.create(
            entry=entry, account=account, granted=20, remaining=left, occurred_at=at, available_at=at,
            expires_at=at + timedelta(days=days),
        )  # fmt: skip
    last_day, _points = statement.balance(account, at=at).next_ending

    assert last_day + timedelta(hours=12) == at + timedelta(days=20)
    assert who("loyalty.points_end_at", "in_next", 20, at=at) == ["Alice"]
    assert who("loyalty.points_end_at", "in_next", 19, at=at) == []
    assert shown(account.customer, "loyalty.points_end_at", at=at) == "2026-04-05 12:00"


def test_referrals_count_friends_who_took_the_offer_and_friends_who_joined(at):
    alice, bob = people.alice(), people.bob()
    code = referrals.code(alice, at) if referrals.programme() else None
    first = referrals.claim(code, at, email="f1@example.com")
    referrals.claim(code, at, email="f2@example.com")
    programme = Referrals.objects.get()
    Referral.objects.create(
        programme=programme, code=code, advocate=alice, email="f3@example.com", email_hash="x", state="blocked",
        advocate_points=1, friend_points=1, claimed_at=at, expires_at=at, changed_at=at,
    )  # fmt: skip
    Referral.objects.filter(email="f1@example.com").update(friend=bob, signed_up_at=at, state="signed_up")

    assert first is not None
    assert Referral.objects.filter(advocate=alice).count() == 3
    assert who("referrals.claimed_count", "is", 2, at=at) == ["Alice"]
    assert who("referrals.joined_count", "is", 1, at=at) == ["Alice"]
    assert who("referrals.referred_at", "not_empty", at=at) == ["Bob"]
    assert shown(alice, "referrals.code", at=at) == Code.objects.get(customer=alice).code


def test_surveys_count_counted_answers_and_know_when_somebody_was_asked(at):
    alice, bob = people.alice(), people.bob()
    survey = surveys.survey()
    surveys.response(survey, alice, 9, at - timedelta(days=100))
    surveys.response(survey, alice, 3, at - timedelta(days=1))
    surveys.response(survey, bob, 3, at, state="provisional", confirmed_at=None)
    happened(alice, "survey.sent", at - timedelta(days=100), 1)
    happened(alice, "survey.sent", at - timedelta(days=1), 2)
    settle(at)

    assert who("surveys.answered_count", "is", 2, at=at) == ["Alice"]
    assert who("surveys.asked_count", "is", 2, at=at) == ["Alice"]
    assert who("surveys.last_asked_at", "in_last", 1, at=at) == ["Alice"]


def test_messages_know_opens_and_bounces(at):
    alice = people.alice()
    people.bob()
    for number in range(3):
        happened(alice, "message.opened", at - timedelta(days=number), number)
    happened(alice, "message.bounced", at - timedelta(days=9))
    settle(at)

    assert who("campaigns.opened_count", "is", 3, at=at) == ["Alice"]
    assert who("campaigns.last_bounced_at", "more_ago", 8, at=at) == ["Alice"]
    assert who("campaigns.bounced_count", "is", 0, at=at) == ["Bob"]


def test_the_place_by_spend_is_the_share_of_buyers_up_to_a_customer(at):
    for number in range(20):
        buyer = people.customer(f"C{number:02d}", email=f"c{number}@example.com")
        for order in range(2):
            buyer.orders.create(
                number=f"n{number}-{order}",
                placed_at=at,
                local_day=at.date(),
                total_minor=1000 + number * 10,
                currency="EUR",
            )
    people.carol()
    score_rfm(day=at.date())

    assert who("metrics.spend_percentile", "at_least", 91, at=at) == ["C18", "C19"]
    assert who("metrics.spend_percentile", "is", 5, at=at) == ["C00"]
    assert who("metrics.spend_percentile", "empty", at=at) == ["Carol"]
    assert who("metrics.average_order", "is", 1190, at=at) == ["C19"]
    assert who("metrics.revenue_net", "is", 2380, at=at) == ["C19"]


def test_new_scores_reach_the_segments_that_ask_about_them(at):
    buyer = people.alice()
    buyer.orders.create(number="n1", placed_at=at, local_day=at.date(), total_minor=1000, currency="EUR")
    segment = save.rules(name="Top", definition=rule("metrics.spend_percentile", "at_least", 91), at=at)
    refresh.whole(segment.pk, at=at)

    score_once(day=at.date(), at=at)
    refresh.touched(at=at)

    assert list(segment.memberships.values_list("customer__first_name", flat=True)) == ["Alice"]
