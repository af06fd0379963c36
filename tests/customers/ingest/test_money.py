"""Orders, refunds and subscriptions that servers report."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.ingest.actions import hold
from customers.ingest.rules import commerce
from customers.ingest.rules.commerce import BadCommerce
from customers.models import (
    Brand,
    Event,
    ExchangeRate,
    IngestProblem,
    Order,
    Refund,
    Subscription,
    SubscriptionChange,
)

EUR = {"currency": "EUR"}


def order(**properties):
    return commerce.check("Order Completed", {"order_id": "1", **properties})


@pytest.mark.parametrize(
    ("properties", "total"),
    [
        ({"total": 12.1}, "12.1"), ({"total": "12.10", "revenue": 5}, "12.10"), ({"total": 0}, "0"),
        ({"revenue": 25, "shipping": 3, "tax": 2}, "30"), ({"subtotal": 20, "tax": "1.5"}, "21.5"), ({"value": 7}, "7"),
        ({"products": [{"sku": "a", "price": 2.5, "quantity": 3}, {"product_id": 7, "price": 1}], "discount": 1,
          "shipping": 0.5}, "8.0"),
    ],
)  # fmt: skip
def test_total_of_an_order(properties, total):
    assert order(**properties).total == Decimal(total)


@pytest.mark.parametrize(
    ("name", "properties", "field"),
    [
        ("Order Completed", {}, "order_id"), ("Order Completed", {"order_id": "1"}, "total"),
        ("Order Completed", {"order_id": "1", "total": -1}, "total"), ("Order Completed", {"order_id": "1", "total": True}, "total"),
        ("Order Completed", {"order_id": "1", "total": "12,50"}, "total"), ("Order Completed", {"order_id": "1", "total": 1e15}, "total"),
        ("Order Completed", {"order_id": "1", "total": "NaN"}, "total"), ("Order Completed", {"order_id": "1" * 81, "total": 1}, "order_id"),
        ("Order Completed", {"order_id": "1", "total": 1, "currency": "EURO"}, "currency"),
        ("Order Completed", {"order_id": "1", "total": 1, "products": {}}, "products"),
        ("Order Completed", {"order_id": "1", "total": 1, "products": [3]}, "products[0]"),
        ("Order Completed", {"order_id": "1", "total": 1, "products": [{"price": 1}]}, "products[0].sku"),
        ("Order Completed", {"order_id": "1", "total": 1, "products": [{"sku": "a"}]}, "products[0].price"),
        ("Order Completed", {"order_id": "1", "total": 1, "products": [{"sku": "a", "price": 1, "quantity": 0}]}, "products[0].quantity"),
        ("Order Refunded", {"order_id": "1", "total": 0}, "total"), ("Order Cancelled", {"order_id": None}, "order_id"),
        ("Subscription Started", {"subscription_id": "s"}, "amount"), ("Subscription Updated", {}, "subscription_id"),
        ("Subscription Updated", {"subscription_id": "s", "status": "gone"}, "status"),
        ("Subscription Updated", {"subscription_id": "s", "interval": "fortnight"}, "interval"),
        ("Subscription Updated", {"subscription_id": "s", "cancel_at": "soon"}, "cancel_at"),
    ],
)  # fmt: skip
def test_events_that_cannot_be_money_say_why(name, properties, field):
    with pytest.raises(BadCommerce) as problem:
        commerce.check(name, properties)

    assert problem.value.field == f"properties.{field}"


@given(st.integers(0, 10**14), st.sampled_from(["EUR", "JPY", "KWD"]), st.booleans())
def test_amounts_become_minor_units_exactly(minor, currency, as_text):
    places = commerce.exponent(currency)
    written = str(Decimal(minor).scaleb(-places))
    amount = (
        order(total=written if as_text or minor > 10**12 else float(written)).total if minor < 10 ** (12 + places) else None
    )

    assert amount is None or commerce.to_minor(amount, currency) == minor


@pytest.fixture
def account(db):
    Brand.objects.update_or_create(pk=1, defaults={"currency": "EUR", "timezone": "UTC"})


@pytest.fixture
def say(send, drain, server_key, frozen_clock):
    def report(event, message_id, **properties):
        answer = send(
            "track", {"event": event, "userId": "u1", "messageId": message_id, "properties": properties}, server_key
        )
        assert answer.status_code == 200, answer.content
        drain()
        frozen_clock.shift(60)

    return report


pytestmark = pytest.mark.usefixtures("frozen_clock")
PRODUCTS = [{"sku": "A", "name": "Lamp", "category": "Light", "price": 10.005, "quantity": 2}]


def test_order_becomes_an_order_and_is_counted_once(account, say, at):
    for message_id in ("m1", "m1", "m2"):
        say("Order Completed", message_id, order_id=1001, total=19.99, discount=1, products=PRODUCTS, **EUR)

    found = Order.objects.get()
    assert (found.number, found.total_minor, found.discount_minor, found.currency, found.placed_at) == (
        "1001",
        1999,
        100,
        "EUR",
        at,
    )
    line = found.lines.get()
    assert (line.quantity, line.unit_minor, line.product.sku, line.product.name) == (2, 1001, "A", "Lamp")
    assert list(Event.objects.exclude(name="customer.created").values_list("name", "amount_minor")) == [
        ("order.placed", 1999)
    ]


def test_order_in_the_currency_of_the_account_when_none_is_told(account, say):
    say("Order Completed", "m1", order_id="1", total="5")

    assert (Order.objects.get().total_minor, Order.objects.get().currency) == (500, "EUR")


def test_refunds_in_part_and_of_the_rest(account, say):
    say("Order Completed", "m1", order_id="1", total=30, **EUR)
    say("Order Refunded", "m2", order_id="1", total="10", **EUR)
    say("Order Refunded", "m2", order_id="1", total="10", **EUR)
    say("Order Refunded", "m3", order_id="1")
    say("Order Refunded", "m4", order_id="1")

    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [1000, 2000]
    assert Order.objects.get().state == "refunded"
    assert not IngestProblem.objects.exists()


def test_order_and_its_refund_in_one_batch(account, send, drain, server_key):
    properties = {"order_id": "1", "total": 30, **EUR}
    messages = [
        {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "a", "properties": properties},
        {
            "type": "track",
            "event": "Order Refunded",
            "userId": "u1",
            "messageId": "b",
            "properties": {"order_id": "1", "total": 5},
        },
        {"type": "track", "event": "Order Refunded", "userId": "u1", "messageId": "c", "properties": {"order_id": "1"}},
        {
            "type": "track",
            "event": "Order Completed",
            "userId": "u1",
            "messageId": "d",
            "properties": {**properties, "order_id": "2"},
        },
        {"type": "track", "event": "Order Cancelled", "userId": "u1", "messageId": "e", "properties": {"order_id": "2"}},
    ]
    send("batch", messages, server_key)
    drain()

    assert sorted(Refund.objects.filter(order__number="1").values_list("amount_minor", flat=True)) == [500, 2500]
    assert dict(Order.objects.values_list("number", "state")) == {"1": "refunded", "2": "cancelled"}


def test_refund_before_its_order_waits_for_it(account, say, at):
    say("Order Refunded", "m1", order_id="1", total=10, **EUR)
    say("Order Refunded", "m2", order_id="2")
    assert IngestProblem.objects.filter(is_held=True).count() == 2
    say("Order Completed", "m3", order_id="1", total=30, **EUR)
    say("Order Completed", "m4", order_id="2", total=4, **EUR)

    assert hold.retry(at=at) == (2, 0)
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [400, 1000]


def test_order_without_a_rate_is_held_until_it_is_there(account, say, at):
    say("Order Completed", "m1", order_id="1", total=10, currency="USD")
    problem = IngestProblem.objects.get()
    assert (problem.is_held, "USD" in problem.reason) == (True, True)
    assert hold.retry(at=at) == (0, 1)
    ExchangeRate.objects.create(currency="USD", on=at.date(), rate=Decimal("0.5"))

    assert hold.retry(at=at) == (1, 0)
    assert (Order.objects.get().total_minor, Order.objects.get().charged_minor) == (500, 1000)


def test_order_told_twice_with_other_amounts_is_refused(account, say):
    say("Order Completed", "m1", order_id="1", total=10, **EUR)
    say("Order Completed", "m2", order_id="1", total=11, **EUR)

    assert Order.objects.get().total_minor == 1000
    assert (IngestProblem.objects.get().is_held, IngestProblem.objects.get().message_id) == (False, "m2")


def test_subscription_starts_grows_and_ends(account, say):
    say("Subscription Started", "m1", subscription_id="s1", plan="pro", amount=120, interval="year", quantity=2, **EUR)
    say("Subscription Updated", "m2", subscription_id="s1", mrr="15.00", **EUR)
    say("Subscription Updated", "m3", subscription_id="s1", plan="team")
    row = Subscription.objects.get()
    assert (row.plan, row.mrr_minor, row.status, row.quantity, row.interval_months) == ("team", 1500, "active", 2, 12)
    say("Subscription Cancelled", "m4", subscription_id="s1", reason="price")
    say("Subscription Cancelled", "m4", subscription_id="s1", reason="price")

    row.refresh_from_db()
    assert (row.status, SubscriptionChange.objects.count()) == ("ended", 4)
    assert list(SubscriptionChange.objects.order_by("id").values_list("mrr_minor", flat=True))[:3] == [1000, 1500, 1500]


def test_scheduled_end_can_be_taken_back(account, say):
    say("Subscription Started", "m1", subscription_id="s1", amount=10, **EUR)
    say("Subscription Cancelled", "m2", subscription_id="s1", cancel_at="2026-06-01T00:00:00Z")
    assert Subscription.objects.get().cancel_at.isoformat() == "2026-06-01T00:00:00+00:00"
    say("Subscription Updated", "m3", subscription_id="s1", cancel_at=None)

    assert (Subscription.objects.get().cancel_at, Subscription.objects.get().status) == (None, "active")


def test_subscription_event_before_its_start_waits_for_it(account, send, drain, server_key, at):
    for minute, event, properties in (
        (2, "Cancelled", {"cancel_at": "2026-06-01T00:00:00Z"}),
        (1, "Started", {"amount": 10}),
    ):
        told = {"subscription_id": "s1", **properties}
        send("track", {"event": f"Subscription {event}", "userId": "u1", "timestamp": f"2026-03-16T11:0{minute}:00Z",
                       "properties": told}, server_key)  # fmt: skip
        drain()
    assert IngestProblem.objects.get().reason == "The subscription is not here yet."

    assert hold.retry(at=at) == (1, 0)
    assert Subscription.objects.get().cancel_at is not None
    assert Subscription.objects.get().mrr_minor == 1000
