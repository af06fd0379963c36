"""The rules of MRR: the golden ledger, and every edge of the definitions."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.commerce.rules import mrr
from customers.commerce.rules.mrr import Movement, Policy, State
from tests.customers.commerce import ledger
from tests.customers.commerce.ledger import key, moment

pytestmark = pytest.mark.engine_free

DEFAULT = Policy()


def state(day, status="active", amount=100, subscription=1, **values):
    at = moment(day) + timedelta(hours=values.pop("hour", 0))
    return State(subscription, at, key(day, status, amount, subscription, at), at.date(), status, amount, **values)


def kinds(*states, policy=DEFAULT):
    return [(f"{m.day:%m-%d}", m.kind, m.amount, m.reason) for m in mrr.movements(states, policy)]


def test_golden_ledger_moves_as_worked_out_by_hand():
    total = dict.fromkeys(ledger.MOVES, 0)
    for customer, history in ledger.HISTORY.items():
        states = [state(day, status, amount, subscription=ord(customer)) for day, status, amount in history]
        for movement in mrr.movements(states, DEFAULT):
            if ledger.FIRST <= movement.day <= ledger.LAST:
                total[movement.kind] += abs(movement.amount)

    assert total == ledger.MOVES


def test_golden_ledger_gives_the_rates_of_the_definitions():
    totals = mrr.Totals(start=sum(ledger.START.values()), **ledger.MOVES)
    cohort = mrr.cohort(ledger.START, ledger.END)

    assert (totals.start, totals.end, sum(ledger.END.values())) == (600, 640, 640)
    assert (len(ledger.START), len(ledger.END)) == (5, 6)
    assert (cohort.logo_retention, cohort.logo_churn) == (pytest.approx(0.8), pytest.approx(0.2))
    assert cohort.grr == pytest.approx(0.70)
    assert cohort.nrr == pytest.approx(470 / 600)
    assert 1 - totals.net_churn == pytest.approx(0.8333, abs=1e-4)
    assert totals.gross_churn == pytest.approx(0.5667, abs=1e-4)
    assert totals.quick == pytest.approx(0.559, abs=1e-3)
    assert totals.quick_with_reactivation == pytest.approx(1.118, abs=1e-3)
    assert mrr.stripe_churn(3, 5, 2) == pytest.approx(0.429, abs=1e-3)


def test_trial_and_free_plan_are_no_customer_until_they_pay():
    moves = kinds(state("2026-01-01", "trialing"), state("2026-01-15", "active", 0), state("2026-02-01", "active", 100))

    assert moves == [("02-01", "new", 100, "")]


def test_past_due_counts_until_it_ends_and_says_why():
    moves = kinds(state("2026-01-01"), state("2026-02-01", "past_due"), state("2026-02-20", "ended", reason="involuntary"))

    assert moves == [("01-01", "new", 100, ""), ("02-20", "churn", -100, "involuntary")]


def test_pause_is_contraction_and_coming_back_is_not_reactivation():
    moves = kinds(state("2026-01-01"), state("2026-02-01", "paused"), state("2026-04-01"))

    assert moves[1:] == [("02-01", "contraction", -100, "paused"), ("04-01", "expansion", 100, "resumed")]


def test_pause_that_ends_for_good_is_churn_of_nothing():
    moves = kinds(state("2026-01-01"), state("2026-02-01", "paused"), state("2026-04-01", "ended"), state("2026-06-01"))

    assert moves[2:] == [("04-01", "churn", 0, ""), ("06-01", "reactivation", 100, "")]


def test_cancelled_counts_to_the_end_of_its_term_or_not_at_all():
    states = [
        state("2026-01-01"),
        state("2026-01-10", cancel_at=moment("2026-02-01")),
        state("2026-02-01", "ended"),
    ]

    assert kinds(*states)[1:] == [("02-01", "churn", -100, "")]
    assert kinds(*states, policy=Policy(at_once=True))[1:] == [("01-10", "churn", -100, "cancelled")]


def test_one_of_two_subscriptions_cancelled_is_contraction():
    moves = kinds(state("2026-01-01"), state("2026-01-01", amount=40, subscription=2), state("2026-02-01", "ended"))

    assert moves == [("01-01", "new", 140, ""), ("02-01", "contraction", -100, "")]


def test_moves_of_a_day_are_netted():
    states = [
        state("2026-01-01"), state("2026-02-01", amount=300, hour=1), state("2026-02-01", amount=120, hour=2),
        state("2026-03-01", "ended", hour=1), state("2026-03-01", amount=120, hour=2),
    ]  # fmt: skip

    assert kinds(*states)[1:] == [("02-01", "expansion", 20, "")]


def test_started_and_stopped_on_one_day_never_happened_and_a_later_start_is_new():
    moves = kinds(state("2026-01-01", hour=1), state("2026-01-01", "ended", hour=2), state("2026-05-01"))

    assert moves == [("05-01", "new", 100, "")]


def test_return_counts_as_new_after_the_gap_of_the_account():
    states = [state("2026-01-01"), state("2026-02-01", "ended"), state("2026-05-01")]

    assert kinds(*states)[-1][1] == "reactivation"
    assert kinds(*states, policy=Policy(new_after_days=89))[-1][1] == "reactivation"
    assert kinds(*states, policy=Policy(new_after_days=88))[-1][1] == "new"


def test_moving_exchange_rate_is_no_expansion_but_a_new_price_is():
    dollars = [
        state("2026-01-01", amount=80, charged=(100, "USD")),
        state("2026-02-01", amount=90, charged=(100, "USD")),
        state("2026-03-01", amount=180, charged=(200, "USD")),
    ]

    assert kinds(*dollars) == [("01-01", "new", 80, ""), ("03-01", "expansion", 100, "")]


def test_downgrade_to_a_free_plan_is_churn():
    assert kinds(state("2026-01-01"), state("2026-02-01", amount=0))[1:] == [("02-01", "churn", -100, "")]


STATES = st.lists(
    st.builds(
        lambda day, hour, status, amount, subscription, number, cancels: State(
            subscription,
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour),
            key(number, day, hour, status, amount, subscription),
            (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)).date(),
            status,
            amount,
            cancel_at=datetime(2026, 3, 1, tzinfo=UTC) if cancels else None,
        ),
        st.integers(0, 20), st.integers(0, 3), st.sampled_from(["trialing", "active", "past_due", "paused", "ended"]),
        st.integers(0, 500), st.integers(1, 3), st.integers(0, 10**6), st.booleans(),
    ),
    max_size=12, unique_by=lambda s: s.key,
)  # fmt: skip


@given(states=STATES, shuffle=st.randoms(), at_once=st.booleans())
def test_movements_are_the_same_in_any_order_and_always_roll_forward(states, shuffle, at_once):
    policy = Policy(at_once=at_once)
    found = mrr.movements(states, policy)
    mixed = list(states)
    shuffle.shuffle(mixed)

    level, customers = 0, 0
    for movement in found:
        assert movement.before == level
        level += movement.amount
        assert movement.after == level >= 0
        customers += {"new": 1, "reactivation": 1, "churn": -1}.get(movement.kind, 0)
        assert customers in (0, 1)
        assert (movement.kind in ("new", "expansion", "reactivation")) == (movement.amount > 0)
    assert mrr.movements(mixed, policy) == found
    last = {s.subscription: s for s in mrr.ordered(states)}
    assert level == sum(mrr.counts(s, s.mrr_minor, policy) for s in last.values())


def test_three_changes_of_one_moment_fall_into_one_order():
    states = [state("2026-01-01", amount=amount) for amount in (10, 20, 30)]

    assert len({tuple(mrr.movements(p, DEFAULT)) for p in permutations(states)}) == 1
    assert isinstance(mrr.movements(states, DEFAULT)[0], Movement)
