"""Orders, refunds and cancellations through the one way in: once each, never changed, to the minor unit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.actions import timeline
from customers.commerce.actions.orders import NewLine, NewOrder, NewRefund, cancel_many, place_many, refund_many
from customers.commerce.queries import rates
from customers.commerce.rules import convert
from customers.models import CustomerFacts, Event, ExchangeRate, Order, OrderLine, Product, Refund
from tests.factories import imports, people

pytestmark = pytest.mark.django_db

PLACED = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def account():
    imports.account()


def order(customer, number="A1", total=5000, **values):
    values = {"placed_at": PLACED, "currency": "GBP", **values}
    return NewOrder(customer_id=customer.pk, number=number, total_minor=total, **values)


def refund(number="R1", amount=5000, order_number="A1", **values):
    values = {"refunded_at": PLACED + timedelta(days=2), "currency": "GBP", **values}
    return NewRefund(number=number, amount_minor=amount, order_number=order_number, **values)


def rate(currency, value, on=date(2026, 1, 1)):
    return ExchangeRate.objects.create(currency=currency, on=on, rate=Decimal(value))


def test_place_keeps_the_order_its_lines_and_its_event(at):
    alice = people.alice()
    lines = (NewLine("LAMP", 2, 2000, "Lamp", "Lights"), NewLine("BULB", 1, 1500))

    result = place_many([order(alice, total=5500, lines=lines, discount_minor=100, source="shopify")], at=at)

    kept = Order.objects.get()
    assert (result.created, result.known, result.refused) == (["A1"], [], {})
    assert (kept.number, kept.total_minor, kept.discount_minor, kept.currency, kept.source, kept.local_day) == (
        "A1", 5500, 100, "GBP", "shopify", PLACED.date(),
    )  # fmt: skip
    assert list(OrderLine.objects.order_by("id").values_list("product__sku", "quantity", "unit_minor")) == [
        ("LAMP", 2, 2000),
        ("BULB", 1, 1500),
    ]
    assert list(Product.objects.order_by("sku").values_list("sku", "name", "category")) == [
        ("BULB", "", ""),
        ("LAMP", "Lamp", "Lights"),
    ]
    event = Event.objects.get()
    assert (event.name, event.amount_minor, event.currency, event.occurred_at, event.source) == (
        "order.placed", 5500, "GBP", PLACED, "shopify",
    )  # fmt: skip
    assert event.properties == {"order_id": kept.pk, "number": "A1", "lines": 2}


def test_place_takes_the_same_order_once_and_never_changes_it(at):
    alice = people.alice()
    place_many([order(alice)], at=at)

    again = place_many([order(alice), order(alice, "A2"), order(alice, "A2")], at=at)
    other = place_many([order(alice, total=4000)], at=at)

    assert (again.created, again.known) == (["A2"], ["A2", "A1"])
    assert list(other.refused) == ["A1"]
    assert Order.objects.get(number="A1").total_minor == 5000
    assert Event.objects.count() == 2


def test_place_refuses_what_cannot_be_an_order_and_takes_the_rest(at):
    alice = people.alice()
    orders = [
        order(alice, "", 1), order(alice, "neg", -1), order(alice, "cur", 1, currency="pounds"),
        order(alice, "line", 1, lines=(NewLine("X", 0, 1),)), NewOrder(10**9, "nobody", PLACED, "GBP", 1),
        order(alice, "good", 1),
    ]  # fmt: skip

    result = place_many(orders, at=at)

    assert result.created == ["good"]
    assert sorted(result.refused) == ["", "cur", "line", "neg", "nobody"]


def test_place_fills_the_name_of_a_product_but_keeps_what_staff_wrote(at):
    alice = people.alice()
    Product.objects.create(sku="LAMP", name="Brass lamp")

    place_many([order(alice, lines=(NewLine("LAMP", 1, 1, "Lamp", "Lights"),))], at=at)

    assert Product.objects.values_list("name", "category").get() == ("Brass lamp", "Lights")


def test_order_in_another_currency_is_converted_at_the_rate_of_its_day_and_never_again(at):
    alice = people.alice()
    rate("USD", "0.80")
    rate("USD", "0.75", PLACED.date())
    rate("USD", "0.50", PLACED.date() + timedelta(days=1))

    place_many([order(alice, total=1001, currency="USD", lines=(NewLine("X", 1, 1001),))], at=at)
    ExchangeRate.objects.update(rate=Decimal("0.1"))
    again = place_many([order(alice, total=1001, currency="USD")], at=at)

    kept = Order.objects.get()
    assert (kept.total_minor, kept.currency, kept.charged_minor, kept.charged_currency, kept.rate) == (
        751, "GBP", 1001, "USD", Decimal("0.75"),
    )  # fmt: skip
    assert OrderLine.objects.get().unit_minor == 751
    assert again.known == ["A1"]


def test_order_without_a_rate_is_held_until_staff_enter_one(at):
    alice = people.alice()
    rate("USD", "0.75", PLACED.date() + timedelta(days=1))

    held = place_many([order(alice, currency="USD")], at=at)
    rate("USD", "0.8", PLACED.date())
    taken = place_many([order(alice, currency="USD")], at=at)

    assert held.refused == {
        "A1": "held: there is no exchange rate for USD on 2026-03-10. Enter it in Settings → Exchange rates."
    }
    assert taken.created == ["A1"]


@pytest.mark.parametrize(
    ("amount", "currency", "account", "value", "expected"),
    [
        (1000, "JPY", "GBP", "0.0053", 530),
        (1500, "KWD", "GBP", "2.55", 383),  # 1.500 dinar x 2.55 = 3.825, half up
        (250, "GBP", "JPY", "188.5", 471),  # 2.50 x 188.5 = 471.25
        (1, "USD", "GBP", "0.5", 1),
        (1, "USD", "GBP", "0.49", 0),
    ],
)
def test_conversion_knows_the_minor_unit_of_each_currency(amount, currency, account, value, expected):
    assert convert.converted(amount, currency, account, Decimal(value)) == expected


def test_rate_of_a_day_is_the_newest_on_or_before_it():
    rate("USD", "0.7", date(2026, 3, 1))
    rate("USD", "0.8", date(2026, 3, 9))

    assert rates.to_account(100, "USD", date(2026, 2, 28)) is None
    assert rates.to_account(100, "usd", date(2026, 3, 8)) == (70, Decimal("0.7"))
    assert rates.to_account(100, "USD", date(2026, 3, 9)) == (80, Decimal("0.8"))
    assert rates.to_account(100, "GBP", date(2020, 1, 1)) == (100, Decimal(1))


def test_refund_in_part_keeps_the_order_and_the_last_part_closes_it(at):
    alice = people.alice()
    place_many([order(alice)], at=at)

    refund_many([refund("R1", 2000)], at=at)
    first = Order.objects.get()
    refund_many([refund("R2", 3000)], at=at)

    second = Order.objects.get()
    events = Event.objects.filter(name="order.refunded").order_by("id").values_list("amount_minor", "properties__in_full")
    assert (first.refunded_minor, first.state) == (2000, "paid")
    assert (second.refunded_minor, second.state) == (5000, "refunded")
    assert list(events) == [(2000, False), (3000, True)]
    assert set(Refund.objects.values_list("customer_id", flat=True)) == {alice.pk}


def test_refund_of_more_than_is_left_is_refused(at):
    place_many([order(people.alice())], at=at)

    result = refund_many([refund("R1", 3000), refund("R2", 3000)], at=at)

    assert result.created == ["R1"]
    assert list(result.refused) == ["R2"]
    assert Order.objects.get().refunded_minor == 3000


def test_refund_is_taken_once_and_never_changed(at):
    place_many([order(people.alice())], at=at)
    refund_many([refund("R1", 1000)], at=at)

    again = refund_many([refund("R1", 1000)], at=at)
    other = refund_many([refund("R1", 2000)], at=at)

    assert (again.known, list(other.refused)) == (["R1"], ["R1"])
    assert Order.objects.get().refunded_minor == 1000


def test_refund_that_comes_before_its_order_waits(at):
    alice = people.alice()

    early = refund_many([refund()], at=at)
    place_many([order(alice)], at=at)
    late = refund_many([refund()], at=at)

    assert early.refused == {"R1": "held: there is no order A1 here yet."}
    assert late.created == ["R1"]


def test_refund_without_an_order_needs_a_customer(at):
    alice, bob = people.alice(), people.bob()
    place_many([order(alice)], at=at)

    result = refund_many(
        [
            refund("R1", order_number=""),
            refund("R2", order_number="", customer_id=alice.pk),
            refund("R3", 1, customer_id=bob.pk),
        ],
        at=at,
    )

    assert result.created == ["R2"]
    assert sorted(result.refused) == ["R1", "R3"]


def test_refund_in_another_currency_than_the_order_is_refused(at):
    place_many([order(people.alice())], at=at)

    result = refund_many([refund(currency="USD")], at=at)

    assert result.refused == {"R1": "Order A1 was charged in GBP; its refunds are in GBP too."}


@settings(max_examples=40, deadline=None)
@given(
    total=st.integers(1, 10_000),
    cuts=st.lists(st.integers(0, 10_000), max_size=5),
    value=st.decimals("0.0001", "200", places=4),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_refunds_at_the_rate_of_the_order_add_up_to_exactly_its_worth(total, cuts, value, currency):
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    parts = [b - a for a, b in pairwise(edges)]
    with transaction.atomic():
        rate(currency, value)
        place_many([order(people.alice(), total=total, currency=currency)], at=PLACED)

        result = refund_many([refund(f"R{n}", part, currency=currency) for n, part in enumerate(parts)], at=PLACED)

        kept = Order.objects.get()
        assert result.refused == {}
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == kept.refunded_minor == kept.total_minor
        assert sum(Refund.objects.values_list("charged_minor", flat=True)) == total
        assert kept.state == "refunded"
        transaction.set_rollback(True)


def test_cancel_gives_back_what_is_left_and_says_so_once(at):
    place_many([order(people.alice())], at=at)
    refund_many([refund("R1", 2000)], at=at)

    result = cancel_many({"A1": PLACED + timedelta(days=3)}, source="shopify", at=at)
    again = cancel_many({"A1": PLACED + timedelta(days=4)}, source="shopify", at=at)

    kept = Order.objects.get()
    assert (result.created, again.known) == (["A1"], ["A1"])
    assert (kept.state, kept.refunded_minor) == ("cancelled", 5000)
    assert list(Refund.objects.order_by("id").values_list("number", "amount_minor")) == [
        ("R1", 2000),
        ("A1-cancelled", 3000),
    ]
    names = list(Event.objects.order_by("id").values_list("name", flat=True))
    assert names == ["order.placed", "order.refunded", "order.refunded", "order.cancelled"]
    assert Event.objects.filter(name="order.refunded").last().properties["reason"] == "cancelled"


def test_cancel_of_an_unknown_order_waits_and_a_later_refund_of_it_is_nothing_new(at):
    held = cancel_many({"A1": PLACED}, source="", at=at)
    place_many([order(people.alice())], at=at)
    cancel_many({"A1": PLACED}, source="", at=at)

    late = refund_many([refund("R9", 5000)], at=at)

    assert held.refused == {"A1": "held: there is no order A1 here yet."}
    assert late.known == ["R9"]
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("before", ["untouched", "partly", "fully", "free"])
def test_facts_are_right_after_a_cancellation_and_the_nightly_check_agrees(at, before):
    from customers.actions import reconcile

    alice = people.alice()
    place_many([order(alice, total=0 if before == "free" else 5000), order(alice, "A2", 700)], at=at)
    if before in ("partly", "fully"):
        refund_many([refund("R1", 2000 if before == "partly" else 5000)], at=at)
    cancel_many({"A1": PLACED + timedelta(days=3)}, source="", at=at)
    while timeline.process_batch(at=at):
        pass

    facts = CustomerFacts.objects.get()
    assert (facts.order_count, facts.revenue_minor - facts.refunded_minor) == (1, 700)
    assert not Refund.objects.filter(amount_minor=0).exists()
    assert reconcile.reconcile(period="x", at=at) == {"customers corrected": 0, "event counts corrected": 0}


def test_five_thousand_orders_are_few_statements(at, django_assert_max_num_queries):
    alice = people.alice()
    orders = [order(alice, f"N{n}", n, lines=(NewLine(f"S{n % 50}", 1, n, "Name"),)) for n in range(1, 5001)]

    with django_assert_max_num_queries(60):
        result = place_many(orders, at=at)
    with django_assert_max_num_queries(60):
        refund_many([refund(f"R{n}", 1, f"N{n}") for n in range(1, 5001)], at=at)

    assert len(result.created) == 5000
    assert Refund.objects.count() == 5000
