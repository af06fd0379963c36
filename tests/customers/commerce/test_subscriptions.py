"""States of subscriptions: the history, the current row, movements, events and what segments and journeys read."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.commerce.actions import movements
from customers.commerce.actions.subscriptions import SubscriptionState, end_due, record_states
from customers.models import (
    CommerceSettings,
    Customer,
    CustomerFacts,
    Event,
    ExchangeRate,
    MrrMovement,
    Subscription,
    SubscriptionChange,
)
from tests.customers.commerce import ledger
from tests.customers.commerce.ledger import key, moment
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account():
    imports.account()


def state(customer, day="2026-01-05", status="active", amount=1000, reference="S1", **values):
    values = {"currency": "GBP", "plan": "Club", **values}
    changed_at = moment(day) + timedelta(hours=values.pop("hour", 0))
    identity = values.pop("key", None) or key(customer.pk, reference, day, status, amount, changed_at)
    return SubscriptionState(customer.pk, reference, status, amount, changed_at=changed_at, key=identity, **values)


def moves(customer=None):
    rows = MrrMovement.objects.filter(customer=customer) if customer else MrrMovement.objects.all()
    return [(f"{day:%m-%d}", *rest) for day, *rest in rows.order_by("local_day").values_list(
        "local_day", "kind", "amount_minor", "reason")]  # fmt: skip


def names():
    return list(Event.objects.order_by("occurred_at", "id").values_list("name", flat=True))


def derived():
    """Everything that follows from the histories, without row ids."""
    return (
        list(Subscription.objects.order_by("reference").values("reference", *movements.CURRENT)),
        list(MrrMovement.objects.order_by("customer", "local_day").values_list(
            "customer__email", "local_day", "kind", "amount_minor", "before_minor", "after_minor", "reason")),
        list(CustomerFacts.objects.order_by("customer").values_list("customer__email", *movements.FACTS)),
        list(Customer.objects.order_by("email").values_list("email", "plan", "renews_on")),
    )  # fmt: skip


def test_golden_ledger_end_to_end(at):
    people_by_letter = {letter: people.customer(letter) for letter in ledger.HISTORY}
    states = [
        state(people_by_letter[letter], day, status, amount, reference=f"sub-{letter}")
        for letter, history in ledger.HISTORY.items()
        for day, status, amount in history
    ]
    random.Random(7).shuffle(states)

    for number in range(0, len(states), 4):
        record_states(states[number : number + 4], at=at)

    june = MrrMovement.objects.filter(local_day__range=(ledger.FIRST, ledger.LAST))
    total = dict(june.order_by().values_list("kind").annotate(Sum("amount_minor")))
    before = MrrMovement.objects.filter(local_day__lt=ledger.FIRST).aggregate(total=Sum("amount_minor"))["total"]
    assert {kind: abs(amount) for kind, amount in total.items()} == ledger.MOVES
    assert (before, MrrMovement.objects.aggregate(total=Sum("amount_minor"))["total"]) == (600, 640)
    assert CustomerFacts.objects.aggregate(total=Sum("mrr_minor"))["total"] == 640


def test_record_keeps_history_current_row_movement_and_profile(at):
    alice = people.alice()
    first = state(alice, renews_on=date(2026, 4, 5), started_at=moment("2026-01-04"), source="stripe", interval_months=3)

    result = record_states([first], at=at)

    row = Subscription.objects.get()
    alice.refresh_from_db()
    assert (result.created, result.known, result.refused) == (["S1"], [], {})
    assert (row.status, row.mrr_minor, row.plan, row.renews_on, row.started_at, row.interval_months) == (
        "active", 1000, "Club", date(2026, 4, 5), moment("2026-01-04"), 3,
    )  # fmt: skip
    assert moves() == [("01-05", "new", 1000, "")]
    assert (alice.plan, alice.renews_on) == ("Club", date(2026, 4, 5))
    facts = CustomerFacts.objects.get()
    assert (facts.mrr_minor, facts.subscription_count, facts.subscription_status, facts.subscribed_since) == (
        1000, 1, "active", moment("2026-01-04"),
    )  # fmt: skip
    assert names() == ["subscription.started"]


def test_same_key_counts_once(at):
    alice = people.alice()
    record_states([state(alice)], at=at)

    again = record_states([state(alice), state(alice, "2026-02-05", amount=1500)], at=at)
    known = record_states([state(alice)], at=at)

    assert (again.created, known.created, known.known) == (["S1"], [], ["S1"])
    assert SubscriptionChange.objects.count() == 2
    assert names() == ["subscription.started", "subscription.changed"]


def test_states_that_cannot_be_are_refused_and_the_rest_is_taken(at):
    alice, bob = people.alice(), people.bob()
    record_states([state(bob, reference="bobs")], at=at)

    result = record_states(
        [
            state(alice, reference=""), state(alice, status="sleeping", reference="s"), state(alice, amount=-1, reference="n"),
            state(alice, currency="USD", reference="usd"), state(alice, reference="bobs"), state(alice, reference="good"),
        ],
        at=at,
    )  # fmt: skip

    assert result.created == ["good"]
    assert sorted(result.refused) == ["", "bobs", "n", "s", "usd"]
    assert result.refused["usd"].startswith("held: there is no exchange rate for USD on 2026-01-05.")


def test_events_tell_the_life_of_a_subscription(at):
    alice = people.alice()
    life = [
        state(alice, "2026-01-01", "trialing", 0),
        state(alice, "2026-01-15", plan="Club"),
        state(alice, "2026-02-15", is_renewal=True, renews_on=date(2026, 3, 15)),
        state(alice, "2026-02-20", "paused"),
        state(alice, "2026-02-25"),
        state(alice, "2026-02-27", cancel_at=moment("2026-03-15")),
        state(alice, "2026-03-15", "ended"),
        state(alice, "2026-03-16", "ended"),
    ]

    record_states(life, at=at)

    assert [name.removeprefix("subscription.") for name in names()] == [
        "started", "changed", "renewed", "paused", "reactivated", "cancel_scheduled", "ended",
    ]  # fmt: skip


def test_history_cannot_be_changed(at):
    record_states([state(people.alice())], at=at)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SubscriptionChange.objects.update(mrr_minor=1)


def test_late_change_in_the_past_rewrites_the_movements(at):
    alice = people.alice()
    record_states([state(alice), state(alice, "2026-03-01", amount=3000)], at=at)

    record_states([state(alice, "2026-02-01", amount=2000)], at=at)

    assert moves()[1:] == [("02-01", "expansion", 1000, ""), ("03-01", "expansion", 1000, "")]
    assert Subscription.objects.get().mrr_minor == 3000


def test_profile_follows_the_largest_running_subscription_and_the_next_renewal(at):
    alice = people.alice(plan="Old plan", renews_on=date(2020, 1, 1))
    record_states(
        [
            state(alice, reference="small", plan="Small", amount=10, renews_on=date(2026, 4, 1)),
            state(alice, reference="large", plan="Large", amount=90, renews_on=date(2026, 9, 1)),
            state(alice, reference="leaving", plan="Leaving", amount=50, renews_on=date(2026, 3, 20),
                  cancel_at=moment("2026-03-20")),
        ],
        at=at,
    )  # fmt: skip
    alice.refresh_from_db()
    during = (alice.plan, alice.renews_on, alice.facts.subscription_count, alice.facts.subscription_ends_at)

    record_states([state(alice, "2026-03-10", "ended", reference=name) for name in ("small", "large", "leaving")], at=at)

    alice = Customer.objects.get()
    assert during == ("Large", date(2026, 4, 1), 3, moment("2026-03-20"))
    assert (alice.plan, alice.renews_on, alice.facts.mrr_minor, alice.facts.subscription_status) == ("", None, 0, "ended")


def test_price_in_another_currency_keeps_its_rate_until_it_changes(at):
    alice = people.alice()
    for on, value in ((date(2026, 1, 1), "0.8"), (date(2026, 2, 1), "0.9")):
        ExchangeRate.objects.create(currency="USD", on=on, rate=Decimal(value))

    record_states(
        [
            state(alice, currency="USD"),
            state(alice, "2026-02-05", currency="USD", is_renewal=True),
            state(alice, "2026-02-10", amount=2000, currency="USD"),
        ],
        at=at,
    )

    assert moves() == [("01-05", "new", 800, ""), ("02-10", "expansion", 1000, "")]
    change = SubscriptionChange.objects.order_by("changed_at").last()
    assert (change.charged_minor, change.charged_currency, change.rate, change.mrr_minor) == (
        2000, "USD", Decimal("0.9"), 1800,
    )  # fmt: skip


def test_scheduled_end_happens_once_at_its_time(at):
    alice = people.alice()
    record_states([state(alice), state(alice, "2026-02-01", cancel_at=moment("2026-03-05"))], at=at)

    early = end_due(at=moment("2026-03-04"))
    ended = end_due(at=at)
    again = end_due(at=at)
    record_states([state(alice, "2026-03-06", "ended")], at=at)  # the source says so too, a day later

    assert (early, ended, again) == (0, 1, 0)
    assert moves()[1:] == [("03-05", "churn", -1000, "cancelled")]
    assert names() == ["subscription.started", "subscription.cancel_scheduled", "subscription.ended"]


def test_scheduled_end_counts_from_the_cancellation_when_the_account_says_so(at):
    CommerceSettings.objects.create(cancel_counts="at_once")
    alice = people.alice()

    record_states([state(alice), state(alice, "2026-02-01", cancel_at=moment("2026-05-05"))], at=at)

    assert moves()[1:] == [("02-01", "churn", -1000, "cancelled")]
    assert CustomerFacts.objects.get().mrr_minor == 0


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 20)).map(date.isoformat)
CHANGES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), DAYS, st.integers(0, 3),
              st.sampled_from(["trialing", "active", "past_due", "paused", "ended"]), st.integers(0, 300), st.booleans()),
    min_size=1, max_size=9, unique=True,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(changes=CHANGES, shuffle=st.randoms(use_true_random=False), cut=st.integers(1, 5))
def test_any_order_of_arrival_and_any_repetition_gives_the_same_rows(changes, shuffle, cut, django_db_setup):
    at = moment("2026-03-16")

    def outcome(order, size):
        with transaction.atomic():
            both = [people.alice(), people.bob()]
            states = [
                state(
                    both[owner], day, status, amount, reference=f"{owner}-{number}", hour=hour, plan=f"P{amount}",
                    key=key(owner, number, day, hour, status, amount, cancels),
                    cancel_at=moment("2026-02-01") if cancels else None,
                )
                for owner, number, day, hour, status, amount, cancels in order
            ]  # fmt: skip
            for start in range(0, len(states), size):
                record_states(states[start : start + size], at=at)
            found = derived()
            transaction.set_rollback(True)
        return found

    mixed = changes * 2
    shuffle.shuffle(mixed)

    assert outcome(mixed, cut) == outcome(changes, len(changes))


def test_thousands_of_customers_are_few_statements(at, django_assert_max_num_queries):
    made = Customer.objects.bulk_create(
        [Customer(email=f"c{n}@example.com", created_at=at, updated_at=at) for n in range(3000)]
    )
    states = [state(customer, reference=f"S{n}", amount=n + 1) for n, customer in enumerate(made)]
    later = [state(customer, "2026-02-01", reference=f"S{n}", amount=n + 2) for n, customer in enumerate(made)]

    with django_assert_max_num_queries(60):
        record_states(states, at=at)
    with django_assert_max_num_queries(60):
        record_states(later, at=at)

    assert MrrMovement.objects.count() == 6000


def test_rebuild_of_what_is_right_changes_nothing_and_of_what_is_wrong_repairs_it(at):
    alice = people.alice()
    record_states([state(alice), state(alice, "2026-02-01", amount=1500)], at=at)
    right = derived()

    assert movements.rebuild([alice.pk], at=at) == 0
    MrrMovement.objects.filter(kind="new").delete()
    MrrMovement.objects.update(amount_minor=1)
    Subscription.objects.update(mrr_minor=7, status="ended")
    CustomerFacts.objects.update(mrr_minor=7)

    assert movements.rebuild([alice.pk], at=at) == 3
    assert derived() == right
