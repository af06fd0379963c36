"""Signatures, bodies, MRR, amounts: what is decided without a database."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customers.sources.rules import bodies, shopify, signatures, stripe
from customers.sources.rules.facts import Contract, Missing, MoneyBack, PaidOrder, Unusable
from tests.customers.sources import recorded

pytestmark = pytest.mark.engine_free

NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
BODY = b'{"id": "evt_1"}'
SECRET = "whsec_test_secret"


def v1(body=BODY, at=NOW, secret=SECRET):
    signed = f"{int(at.timestamp())}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def stripe_ok(header, body=BODY, secret=SECRET, at=NOW):
    return signatures.stripe(body, header, secret=secret, at=at)


def test_stripe_signature_fits_by_the_documented_scheme():
    # A vector of the scheme worked out by hand: HMAC-SHA256("whsec_test_secret", "1492774577.{}").
    known = hmac.new(b"whsec_test_secret", b"1492774577.{}", hashlib.sha256).hexdigest()
    at = datetime.fromtimestamp(1492774577, UTC)

    assert stripe_ok(
        f"t=1492774577,v1={known},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39", b"{}", at=at
    )
    assert not stripe_ok(f"t=1492774577,v1={known}", b"{} ", at=at)


def test_stripe_signature_of_either_secret_fits_while_they_are_rotated():
    moment = int(NOW.timestamp())

    assert stripe_ok(f"t={moment},v1={v1(secret='whsec_former')},v1={v1()}")
    assert not stripe_ok(f"t={moment},v1={v1(secret='whsec_former')}")


@pytest.mark.parametrize("header", [
    "", "t=,v1=", "v1=abc", "t=abc,v1=abc", "t=²,v1=x", "t=99999999999999999999,v1=x", ",,,=,t", "t=1,v1=é",
])  # fmt: skip
def test_stripe_signature_of_garbage_is_refused(header):
    assert stripe_ok(header) is False


@pytest.mark.parametrize(("seconds", "is_ok"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_stripe_signature_is_good_for_300_seconds(seconds, is_ok):
    made = NOW - timedelta(seconds=seconds)

    assert stripe_ok(f"t={int(made.timestamp())},v1={v1(at=made)}") is is_ok


def test_an_empty_secret_opens_nothing():
    header = f"t={int(NOW.timestamp())},v1={v1(secret='')}"
    assert not stripe_ok(header, secret="")
    assert not signatures.shopify(BODY, b64encode(hmac.digest(b"", BODY, "sha256")).decode(), secret="")


def test_shopify_signature_is_base64_of_the_body():
    good = b64encode(hmac.digest(b"hush", BODY, "sha256")).decode()

    assert signatures.shopify(BODY, good, secret="hush")
    assert not signatures.shopify(BODY + b" ", good, secret="hush")
    assert not signatures.shopify(BODY, good[:-4] + "AAA=", secret="hush")
    assert not signatures.shopify(BODY, "é", secret="hush")


def texts(value):
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]


@given(st.binary(max_size=300))
@example(b"\\u0000")
@example(b'{"\\u0000": ["a\\u0000"]}')
def test_any_bytes_are_a_plain_object_or_not_readable(body):
    try:
        found = bodies.parse(body)
    except bodies.NotReadable:
        found = bodies.unread(body)

    json.dumps(found, allow_nan=False).encode()
    assert not any("\0" in text for text in texts(found))


@pytest.mark.parametrize("body", [
    b'{"a":"\\u0000","b":"\\ud800","c":NaN,"d":Infinity,"e":1e999,"\\u0000":1}', b'{"n":' + b"9" * 900 + b"}",
    b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", b"[" * 200_000, b"[]", b"\xff\xfe", b"",
])  # fmt: skip
def test_hostile_json_is_kept_in_a_form_that_databases_take(body):
    try:
        found = bodies.parse(body)
    except bodies.NotReadable:
        found = bodies.unread(body)

    json.dumps(found, allow_nan=False).encode()


def subscription(*items, **values):
    obj = next(e for e in recorded.load("stripe_subscription_life") if e["id"] == "evt_1QFern0005")["data"]["object"]
    obj = {**obj, **values}
    if items:
        obj["items"] = {"data": list(items)}
    return {"id": "evt_x", "type": "customer.subscription.updated", "created": 1_770_000_000, "data": {"object": obj}}


def item(amount, interval="month", count=1, quantity=1, **values):
    price = {"id": "price_x", "nickname": "Plan", "unit_amount": amount, "currency": "eur",
             "recurring": {"interval": interval, "interval_count": count, "usage_type": "licensed"}}  # fmt: skip
    price["recurring"] |= values.pop("recurring", {})
    return {"id": "si_x", "price": price | values.pop("price", {}), "quantity": quantity, **values}


def contract(event, coupons=None):
    found = stripe.read("customer.subscription.updated", event, coupons or {}).facts[0]
    assert isinstance(found, Contract)
    return found


FOREVER = {"coupon": {"duration": "forever", "percent_off": 25.0}}


@pytest.mark.parametrize(("event", "mrr"), [
    (subscription(item(2000)), 2000),
    (subscription(item(2000, quantity=3)), 6000),
    (subscription(item(12_000, "year")), 1000),
    (subscription(item(10_000, "year")), 833),
    (subscription(item(6000, "month", 3)), 2000),
    (subscription(item(24_000, "year", 2)), 1000),
    (subscription(item(1200, "week")), 5200),
    (subscription(item(100, "day")), 3042),
    (subscription(item(100, "day", 30)), 101),
    (subscription(item(2000), item(12_000, "year", quantity=2)), 4000),
    (subscription(item(2000), item(999, recurring={"usage_type": "metered"})), 2000),
    (subscription(item(999, recurring={"usage_type": "metered"})), 0),
    (subscription(item(None, price={"unit_amount_decimal": "0.5"}, quantity=1000)), 500),
    (subscription(item(2000), discount=FOREVER), 1500),
    (subscription(item(2000), discounts=[FOREVER], discount=FOREVER), 1500),
    (subscription(item(2000), discount={"coupon": {"duration": "once", "percent_off": 50}}), 2000),
    (subscription(item(2000), discount={"coupon": {"duration": "repeating", "percent_off": 50}}), 2000),
    (subscription(item(2000), discount={"coupon": {"duration": "forever", "percent_off": 100}}), 0),
    (subscription(item(2000), discount={"coupon": {"duration": "forever", "amount_off": 500, "currency": "eur"}}), 1500),
    (subscription(item(12_000, "year"), discount={"coupon": {"duration": "forever", "amount_off": 1200, "currency": "eur"}}),
     900),
    (subscription(item(2000), discount={"coupon": {"duration": "forever", "amount_off": 9900, "currency": "eur"}}), 0),
    (subscription(item(2000, discounts=[FOREVER]), item(1000)), 2500),
    (subscription(item(2380, tax_rates=[{"inclusive": True, "percentage": 19}])), 2000),
    (subscription(item(2000, tax_rates=[{"inclusive": False, "percentage": 19}])), 2000),
    (subscription(item(2400), default_tax_rates=[{"inclusive": True, "percentage": 20}]), 2000),
    (subscription(item(2000, quantity=0)), 0),
    (subscription(item(5000), currency="jpy"), 5000),
    (subscription(item(5000), currency="kwd"), 5000),
    (subscription(item(50_000), currency="isk"), 500),
    (subscription(item(50), currency="mga"), 5000),
])  # fmt: skip
def test_mrr_is_the_price_of_a_month(event, mrr):
    assert contract(event).mrr_minor == mrr


@pytest.mark.parametrize(("values", "status", "reason"), [
    ({"status": "trialing"}, "trialing", ""), ({"status": "active"}, "active", ""), ({"status": "past_due"}, "past_due", ""),
    ({"status": "unpaid"}, "ended", "involuntary"), ({"status": "paused"}, "paused", "paused"),
    ({"status": "canceled"}, "ended", "requested"),
    ({"status": "canceled", "cancellation_details": {"reason": "payment_failed"}}, "ended", "involuntary"),
    ({"status": "active", "pause_collection": {"behavior": "void", "resumes_at": None}}, "paused", "paused"),
    ({"status": "canceled", "pause_collection": {"behavior": "void"}}, "ended", "requested"),
])  # fmt: skip
def test_status_is_translated(values, status, reason):
    found = contract(subscription(item(2000), **values))

    assert (found.status, found.reason) == (status, reason)


def test_a_scheduled_cancellation_ends_with_the_term():
    found = contract(subscription(item(2000), cancel_at_period_end=True, current_period_end=1_773_000_000))

    assert found.cancel_at == datetime.fromtimestamp(1_773_000_000, UTC)
    assert found.renews_at is None


@pytest.mark.parametrize("event", [
    subscription(item(None, price={"billing_scheme": "tiered"})), subscription(item(2000), status="new_status"),
    subscription(item(2000, "fortnight")), subscription(item(-5)), subscription(item(2000), currency=None),
    subscription(item(2000), discount={"coupon": {"duration": "forever", "amount_off": 500, "currency": "usd"}}),
    subscription(items={"data": []}), subscription(item(2000), customer=None), subscription(item("NaN")),
])  # fmt: skip
def test_what_cannot_be_priced_is_said_and_not_guessed(event):
    with pytest.raises(Unusable):
        contract(event)


def test_a_discount_named_by_id_waits_for_its_coupon():
    event = subscription(item(2000), discounts=["di_1"])

    with pytest.raises(Missing) as missing:
        contract(event)

    assert missing.value.waits_for == "discount:di_1"
    assert contract(event, {"di_1": {"duration": "forever", "percent_off": 10}}).mrr_minor == 1800
    assert stripe.discount_ids(event) == {"di_1"}


@given(st.permutations(["incomplete", "trialing", "active", "past_due", "canceled"]))
def test_changes_of_one_second_have_an_order_of_their_own(statuses):
    events = [subscription(item(2000), status=status) | {"id": f"evt_{status}"} for status in statuses]
    found = [stripe.read("customer.subscription.updated", event, {}).facts for event in events]
    latest = max((facts[0] for facts in found if facts), key=lambda fact: fact.changed_at)

    assert latest.status == "ended"


def order(**values):
    payload = recorded.load("shopify_order_life")[2]["payload"]
    return {**payload, **values}


def paid(payload):
    return next(f for f in shopify.read("orders/paid", payload, NOW).facts if isinstance(f, PaidOrder))


def test_an_order_is_what_was_paid_for_the_goods():
    found = paid(order())

    assert (found.total_minor, found.discount_minor, found.currency) == (10_000, 2000, "GBP")
    assert [(line.sku, line.quantity, line.unit_minor) for line in found.lines] == [
        ("FERN-1", 2, 4000),
        ("FERN-2", 1, 4000),
    ]


def test_tax_inside_the_prices_is_taken_off():
    found = paid(order(taxes_included=True))

    assert found.total_minor == 10_000 - 1333 - 667
    assert found.has_tax_inside


def test_the_currency_of_the_shop_counts_and_not_the_one_shown():
    assert paid(order(presentment_currency="USD")).currency == "GBP"
    assert paid(order(currency="JPY", subtotal_price="1000", total_discounts="0", line_items=[])).total_minor == 1000


@pytest.mark.parametrize("values", [
    {"financial_status": "pending"}, {"financial_status": "authorized"}, {"financial_status": "voided"},
    {"financial_status": "partially_paid"}, {"financial_status": None}, {"test": True}, {"customer": None, "email": ""},
])  # fmt: skip
def test_orders_that_do_not_count(values):
    extra = {"contact_email": None} if "customer" in values else {}
    found = shopify.read("orders/updated", order(**values, **extra), NOW)

    assert not [fact for fact in found.facts if isinstance(fact, PaidOrder)]
    assert found.nothing


def refund(payload, topic="refunds/create"):
    return [fact for fact in shopify.read(topic, payload, NOW).facts if isinstance(fact, MoneyBack)]


def test_a_refund_is_the_goods_and_not_shipping_or_tax():
    life = recorded.load("shopify_order_life")

    assert [fact.amount_minor for fact in refund(life[3]["payload"])] == [3333]
    assert [fact.amount_minor for fact in refund(life[5]["payload"])] == [6667]


def test_a_refund_of_an_amount_without_goods_counts_and_one_of_shipping_does_not():
    base = {**recorded.load("shopify_order_life")[3]["payload"], "refund_line_items": []}
    money = {"shop_money": {"amount": "-5.00", "currency_code": "GBP"}}
    off = {"kind": "refund_discrepancy", "amount": "-5.00", "amount_set": money}

    assert [fact.amount_minor for fact in refund({**base, "order_adjustments": [off]})] == [500]
    assert refund({**base, "order_adjustments": [{**off, "kind": "shipping_refund"}]}) == []


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw, payloads):
    """A payload some of whose values were lost or became something else, at any depth."""
    payload = json.loads(json.dumps(draw(st.sampled_from(payloads))))
    for _ in range(draw(st.integers(1, 6))):
        holder = payload
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(holder[key], dict | list) and holder[key] and draw(st.booleans()):
                holder = holder[key]
                continue
            if isinstance(holder, dict) and draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = draw(ANYTHING)
            break
    return payload


STRIPE = recorded.load("stripe_subscription_life") + recorded.load("stripe_one_off") + recorded.load("stripe_basil")
SHOPIFY = recorded.load("shopify_order_life") + recorded.load("shopify_privacy")


@given(damaged(STRIPE))
def test_a_damaged_event_is_read_or_refused_with_a_reason(event):
    topic = event.get("type")
    refused = "read"
    try:
        stripe.read(topic if isinstance(topic, str) else "", event, {})
        stripe.discount_ids(event)
    except Unusable as error:
        refused = str(error)
    except Missing as error:
        refused = error.reason

    assert refused


@given(damaged([webhook["payload"] for webhook in SHOPIFY]), st.sampled_from(shopify.TOPICS))
def test_a_damaged_webhook_is_read_or_refused_with_a_reason(payload, topic):
    refused = "read"
    try:
        shopify.read(topic, payload, NOW)
    except Unusable as error:
        refused = str(error)

    assert refused
