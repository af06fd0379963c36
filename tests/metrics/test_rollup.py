"""Rolling up: in any order, as often as one likes, late data included."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from customers.actions import timeline
from customers.models import JobRun, Order, Refund
from metrics.actions import catch_up, dirty, months, personal_data
from metrics.actions.rollup import rollup
from metrics.enums import Family
from metrics.models import CohortCell, DailyFact, DirtyDay, MonthlyFact, RfmScore
from metrics.rules.commerce import ChurnMonth, DoesNotAddUp
from tests.factories import metrics as make
from tests.factories import people

START = date(2025, 1, 1)
NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)


def day(offset):
    return START + timedelta(days=offset)


def value(metric, on):
    return DailyFact.objects.get(metric=metric, day=on, dimension="").numerator


@pytest.mark.django_db
def test_rollup_counts_orders_as_placed_and_refunds_on_their_day():
    alice, bob = people.alice(), people.bob()
    make.order(alice, day(0), 1000)
    make.order(alice, day(0), 500, state="refunded", refunded_minor=500)
    make.order(bob, day(0), 700, state="cancelled")
    make.order(bob, day(0), 0)
    make.order(bob, day(0), 900, currency="USD")
    Refund.objects.create(customer=alice, number="R1", refunded_at=NOW, local_day=day(1), amount_minor=500, currency="EUR")

    rollup(first=day(0), last=day(1), at=NOW)

    assert [value(metric, day(0)) for metric in ("orders", "revenue", "refunds", "buyers")] == [2, 1500, 0, 1]
    assert [value(metric, day(1)) for metric in ("orders", "refunds", "net_revenue")] == [0, 500, -500]
    aov = DailyFact.objects.get(metric="aov", day=day(0), dimension="")
    assert (aov.value, aov.numerator, aov.denominator) == (750.0, 1500, 2)
    assert DailyFact.objects.get(metric="aov", day=day(1)).value is None
    abroad = DailyFact.objects.get(metric="revenue", day=day(0), dimension="currency")
    assert (abroad.dimension_value, abroad.numerator) == ("USD", 900)


@pytest.mark.django_db
def test_customer_lapses_after_90_days_and_comes_back():
    alice = people.alice()
    make.order(alice, day(0))
    make.order(alice, day(90))
    make.order(alice, day(190))

    rollup(first=day(0), last=day(200), at=NOW)

    assert [value("active_customers", day(n)) for n in (0, 89, 90, 179, 180, 189, 190)] == [1, 1, 1, 1, 0, 0, 1]
    assert [value("buyers_28d", day(n)) for n in (0, 27, 28, 90)] == [1, 1, 0, 1]
    assert {d for d in range(201) if value("lapsed", day(d))} == {180}
    assert {d for d in range(201) if value("reactivated", day(d))} == {190}
    assert {d for d in range(201) if value("new_customers", day(d))} == {0}
    assert {d for d in range(201) if value("repeat_customers", day(d))} == {90}


@pytest.mark.django_db
def test_order_refunded_in_full_is_no_first_order():
    alice = people.alice()
    make.order(alice, day(0), state="refunded", refunded_minor=1000)
    make.order(alice, day(5))

    rollup(first=day(0), last=day(6), at=NOW)

    assert [value("new_customers", day(n)) for n in (0, 5)] == [0, 1]


@pytest.mark.django_db
def test_rollup_counts_messages_by_sender(at):
    alice, bob = people.alice(), people.bob()
    events = [
        timeline.NewEvent(
            customer.id,
            name,
            at - timedelta(days=1),
            timeline.event_key("test", name, customer.id),
            "test",
            {"message_id": customer.id, "source_kind": "campaign", "source_id": 12, "channel": "email"},
        )
        for name, customer in (
            ("message.sent", alice),
            ("message.sent", bob),
            ("message.opened", alice),
            ("message.bounced", bob),
        )
    ]
    timeline.record_many(events, at=at)

    rollup(first=at.date() - timedelta(days=2), last=at.date(), at=at)

    yesterday = at.date() - timedelta(days=1)
    assert [value(metric, yesterday) for metric in ("sends", "delivered", "opens", "clicks")] == [2, 1, 1, 0]
    part = DailyFact.objects.get(metric="open_rate", dimension="source")
    assert (part.day, part.dimension_value, part.value) == (yesterday, "campaign:12", 1.0)
    assert not DailyFact.objects.get(metric="sends", day=at.date(), dimension="").is_final


class AnyOrder(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        orders=st.lists(
            st.tuples(
                st.integers(0, 3),
                st.integers(0, 260),
                st.integers(0, 3),
                st.sampled_from(["paid", "paid", "paid", "refunded"]),
            ),
            max_size=14,
        ),
        cuts=st.lists(st.tuples(st.integers(0, 270), st.integers(0, 40)), max_size=6),
    )
    def test_rollup_in_any_order_and_twice_equals_all_at_once(self, orders, cuts):
        cast = [people.customer(name) for name in ("Alice", "Bob", "Carol", "Dan")]
        for who, when, amount, state in orders:
            make.order(cast[who], day(when), amount * 100, state=state)
        rollup(first=day(0), last=day(280), at=NOW)
        expected = make.facts()
        DailyFact.objects.all().delete()

        pieces = [(first, min(first + length, 280)) for first, length in cuts]
        pieces += [(241, 280), (120, 240), (0, 0), (1, 119)]
        for first, last in pieces:
            rollup(first=day(first), last=day(last), at=NOW)

        assert make.facts() == expected

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(orders=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 420)), min_size=1, max_size=20))
    def test_months_add_up_and_meet_the_daily_figures(self, orders):
        cast = [people.customer(name) for name in ("Alice", "Bob", "Carol", "Dan")]
        for who, when in orders:
            make.order(cast[who], day(when))
        last = day(430)
        catch_up.backfill(first=day(0), last=last, at=NOW)

        for row in MonthlyFact.objects.filter(metric="churn_end"):
            end = (row.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            assert value("active_customers", end) == row.numerator
        assert sum(CohortCell.objects.filter(offset=0).values_list("customers", flat=True)) == len(
            {who for who, _ in orders}
        )


@pytest.mark.django_db
def test_late_order_brings_its_day_and_what_follows_up_to_date(at):
    alice = people.alice(created_at=at - timedelta(days=300))
    today = at.date()
    late, later = today - timedelta(days=40), today - timedelta(days=10)
    make.order(alice, later)
    catch_up.catch_up(at=at)
    assert value("new_customers", later) == 1

    make.order(alice, late)
    timeline.record(
        timeline.NewEvent(
            alice.id,
            "order.placed",
            at - timedelta(days=40),
            timeline.event_key("t", 1),
            "test",
            {"number": "1"},
            1000,
            "EUR",
        ),
        at=at,
    )
    timeline.process_batch(at=at)
    assert set(DirtyDay.objects.values_list("day", "family")) == {(late, "orders"), (late, "lifecycle")}
    catch_up.catch_up(at=at)

    assert DirtyDay.objects.count() == 0
    assert (value("orders", late), value("new_customers", late), value("new_customers", later)) == (1, 1, 0)
    assert value("repeat_customers", later) == 1
    kept = make.facts()
    first = DailyFact.objects.order_by("day").first().day
    rollup(first=first, last=today, at=at)
    assert make.facts() == kept


@pytest.mark.django_db
def test_night_runs_once_per_day_and_catches_up_missed_nights(at):
    make.order(people.alice(created_at=at), at.date() - timedelta(days=20))

    assert catch_up.catch_up(at=at).nightly.days == 20
    assert catch_up.catch_up(at=at + timedelta(hours=1)).nightly is None
    assert catch_up.catch_up(at=at + timedelta(days=6)).nightly.days == 6
    assert JobRun.objects.filter(job="metrics.roll_up").count() == 2


@pytest.mark.django_db
def test_mark_that_comes_during_the_roll_up_is_kept(at):
    dirty.mark([(day(0), Family.ORDERS)], reason="first", at=at)
    seen = list(DirtyDay.objects.values_list("id", "marks"))
    dirty.mark([(day(0), Family.ORDERS)], reason="second", at=at)

    dirty.clear(seen)

    assert DirtyDay.objects.get().reason == "second"


@pytest.mark.django_db
def test_cohort_without_a_buyer_in_a_month_has_a_zero():
    alice = people.alice()
    make.order(alice, date(2025, 1, 10))
    make.order(alice, date(2025, 3, 10))
    rollup(first=date(2025, 1, 1), last=date(2025, 3, 15), at=NOW)

    months.rebuild(first=date(2025, 1, 1), last=date(2025, 3, 15), at=NOW)

    cells = CohortCell.objects.order_by("offset").values_list("offset", "customers", "is_complete")
    assert list(cells) == [(0, 1, True), (1, 0, True), (2, 1, False)]
    Order.objects.filter(local_day=date(2025, 1, 10)).delete()
    months.rebuild(first=date(2025, 1, 1), last=date(2025, 3, 15), at=NOW)
    assert list(CohortCell.objects.values_list("cohort", "customers")) == [(date(2025, 3, 1), 1)]


def test_churn_that_does_not_add_up_is_refused():
    with pytest.raises(DoesNotAddUp):
        ChurnMonth(start=10, churned=2, new=1, reactivated=0, end=10)


@pytest.mark.django_db
def test_merged_customers_are_counted_again(at):
    today = at.date()
    alice, twin = people.alice(created_at=at), people.customer("Alicia", created_at=at)
    make.order(alice, today - timedelta(days=50))
    make.order(twin, today - timedelta(days=20))
    catch_up.catch_up(at=at)

    personal_data.merge(twin.id, alice.id, at)
    Order.objects.filter(customer=twin).update(customer=alice)
    catch_up.catch_up(at=at)

    later = today - timedelta(days=20)
    assert (value("new_customers", later), value("repeat_customers", later)) == (0, 1)
    assert (RfmScore.objects.get().customer_id, RfmScore.objects.get().order_count) == (alice.id, 2)
