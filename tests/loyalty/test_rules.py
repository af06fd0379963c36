"""The pure rules: exact points, exact clawback, soonest end first, and a ledger that always adds up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.rules import earning, lots, refunds, tiers
from loyalty.rules.earning import Rate
from loyalty.rules.lots import OpenLot
from loyalty.rules.tiers import Level

pytestmark = pytest.mark.engine_free

START = datetime(2026, 1, 1, tzinfo=UTC)
LEVELS = [Level(1, "Seedling", 0), Level(2, "Evergreen", 1000), Level(3, "Oak", 5000)]


@pytest.mark.parametrize(
    ("amount", "rate", "percent", "points"),
    [
        (4_599, Rate(1, 100), 100, 45),
        (4_599, Rate(1, 100, rounds_down=False), 100, 46),
        (10_000, Rate(1, 100), 125, 125),
        (999, Rate(3, 1000), 150, 4),
        (-500, Rate(1, 100), 100, 0),
    ],
)
def test_points_for_an_order(amount, rate, percent, points):
    assert earning.points_for(amount, rate, percent) == points


@given(amount=st.integers(0, 10**9), points=st.integers(1, 100), per=st.integers(1, 10**4), percent=st.integers(1, 1000))
def test_points_floor_never_gives_more_than_the_exact_value(amount, points, per, percent):
    found = earning.points_for(amount, Rate(points, per), percent)

    assert found * per * 100 <= amount * points * percent < (found + 1) * per * 100


def test_last_day_is_the_end_of_the_month_a_year_later():
    assert earning.last_day(date(2025, 2, 3), months=12, at_month_end=True) == date(2026, 2, 28)
    assert earning.last_day(date(2024, 2, 29), months=12, at_month_end=False) == date(2025, 2, 28)
    assert earning.last_day(date(2024, 2, 29), months=0, at_month_end=True) is None


@given(data=st.data(), points=st.integers(0, 10**6), basis=st.integers(1, 10**8))
def test_refunds_take_the_same_whatever_their_order(data, points, basis):
    amounts = data.draw(st.lists(st.integers(1, basis), min_size=1, max_size=6))
    shuffled = data.draw(st.permutations(amounts))

    def total(order):
        refunded = taken = 0
        for amount in order:
            refunded += amount
            taken += refunds.due(points, basis, refunded, taken)
        return taken

    assert total(amounts) == total(shuffled) == points - refunds.target(points, basis, sum(amounts))
    assert 0 <= total(amounts) <= points


def test_full_refund_takes_all_and_more_than_the_order_counts_as_all():
    assert refunds.due(45, 4_599, 4_599, 0) == refunds.due(45, 4_599, 9_999, 0) == 45


operations = st.lists(
    st.tuples(st.sampled_from(["earn", "spend", "refund", "wait"]), st.integers(1, 500), st.integers(0, 40)), max_size=40
)


@given(operations)
def test_ledger_always_adds_up_and_replays_to_the_same_balance(steps):
    at, held, deficit, booked = START, [], 0, []

    def expire():
        for lot in held:
            if lot.remaining and lot.is_over(at):
                booked.append(("expire", -lot.remaining, [(lot.id, lot.remaining)], 0))
                lot.remaining = 0

    for kind, number, wait in steps:
        at += timedelta(days=wait)
        expire()
        if kind == "earn":
            paid = min(deficit, number)
            deficit -= paid
            lot = OpenLot(len(booked), number - paid, at, at + timedelta(days=wait % 7), at + timedelta(days=60 + wait))
            booked.append(("earn", number, [], -paid))
            if lot.remaining:
                held.append(lot)
        elif kind == "spend":
            ends = [lot.expires_at for lot in held if lot.remaining and lot.is_active(at)]
            taken = lots.spend(held, number, at)
            assert all(lot.is_active(at) for lot, _ in taken)
            assert not taken or taken[0][0].expires_at == min(ends)
            booked.append(("spend", -sum(n for _, n in taken), [(lot.id, n) for lot, n in taken], 0))
        elif kind == "refund":
            taken = lots.take_back(held, number, at, origin_id=held[-1].id if held else None)
            owed = number - sum(n for _, n in taken)
            deficit += owed
            booked.append(("refund", -number, [(lot.id, n) for lot, n in taken], owed))
        counted = lots.buckets(held, at)
        assert counted.over == 0
        assert sum(points for _, points, _, _ in booked) == counted.pending + counted.active - deficit
        assert deficit == 0 or counted.pending == counted.active == 0

    replayed = {i: points + debt for i, (kind, points, _, debt) in enumerate(booked) if kind == "earn"}
    for _, _, parts, _ in booked:
        for lot_id, points in parts:
            replayed[lot_id] -= points
    assert {i: n for i, n in replayed.items() if n} == {lot.id: lot.remaining for lot in held if lot.remaining}
    assert sum(debt for *_, debt in booked) == deficit


def test_refund_takes_its_own_lot_first_then_active_then_pending():
    def lot(number, available, remaining=10):
        return OpenLot(number, remaining, START, START + timedelta(days=available), None)

    held = [lot(1, 0), lot(2, 5), lot(3, 9)]

    taken = lots.take_back(held, 25, START, origin_id=3)

    assert [(found.id, points) for found, points in taken] == [(3, 10), (1, 10), (2, 5)]


@pytest.mark.parametrize(
    ("metric", "policy", "after"),
    [(6000, "to_qualified", 3), (1500, "to_qualified", 2), (10, "to_qualified", 1), (10, "one_down", 2), (10, "never", 3)],
)
def test_tier_after_its_period(metric, policy, after):
    assert tiers.after_period(LEVELS, 3, metric, policy) == after


def test_rolling_window_holds_twelve_months_and_looks_ahead_only_for_refunds():
    day = date(2026, 3, 16)
    sums = {date(2025, 3, 16): (100, 0), date(2025, 3, 17): (10, 0), day: (1, 0), date(2026, 3, 20): (50, -7)}

    assert tiers.metric_on(sums, "rolling_12m", day) == 11
    assert tiers.metric_on(sums, "rolling_12m", day, recheck_days=30) == 4
    assert tiers.metric_on(sums, "lifetime", day) == 111
    assert tiers.metric_on(sums, "calendar_year", day) == 1
