"""The public address: who may send, what is stored, what is answered."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from customers.models import Delivery, Order
from customers.sources.actions import connections
from tests.customers.sources import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe(at, frozen_clock):
    recorded.account()
    return recorded.stripe(at)


@pytest.fixture
def shop(at, frozen_clock):
    recorded.account("GBP")
    return recorded.shopify(at)


EVENT = recorded.load("stripe_subscription_life")[0]
PAID = recorded.load("shopify_order_life")[2]


def test_a_genuine_event_is_one_row_in_one_insert(stripe, at, django_assert_num_queries):
    with django_assert_num_queries(2):  # the connection is read, the webhook is written
        answer = recorded.post_stripe(stripe, EVENT, at)

    row = Delivery.objects.get()
    assert answer.status_code == 200
    assert (row.external_id, row.topic, row.state, row.payload) == (EVENT["id"], "customer.created", "pending", EVENT)
    assert row.occurred_at == recorded.moment("2026-01-01 09:00")


def test_the_same_event_again_is_no_second_row(stripe, at):
    answers = [recorded.post_stripe(stripe, EVENT, at).status_code for _ in range(3)]

    assert (answers, Delivery.objects.count()) == ([200, 200, 200], 1)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
def test_a_forged_event_is_refused_and_leaves_no_row(stripe, at, signature):
    assert recorded.post_stripe(stripe, EVENT, at, signature=signature).status_code == 401
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize("length", ["²", "-1", "9" * 5000, "1e3", "10 "])
def test_a_length_that_is_no_number_is_refused(stripe, length):
    answer = Client().generic("POST", f"/hooks/{stripe.code}/", b"{}", "application/json", CONTENT_LENGTH=length)

    assert answer.status_code in (401, 413)


def test_an_event_signed_long_ago_is_refused(stripe, at):
    body = json.dumps(EVENT).encode()
    old = recorded.stripe_signature(body, at - timedelta(minutes=6))

    assert recorded.post_stripe(stripe, body, at, signature=old).status_code == 401
    assert Delivery.objects.count() == 0


def test_an_altered_body_is_refused(stripe, at):
    signature = recorded.stripe_signature(json.dumps(EVENT).encode(), at)

    assert recorded.post_stripe(stripe, {**EVENT, "livemode": True}, at, signature=signature).status_code == 401


def test_a_replaced_secret_counts_at_once(stripe, at):
    connections.change(
        stripe, name="Stripe", account="", signing_secret="whsec_another_one", api_token="", forget_token=False
    )

    assert recorded.post_stripe(stripe, EVENT, at).status_code == 401


def test_a_connection_without_a_secret_takes_nothing(at, frozen_clock):
    recorded.account()
    source = recorded.stripe(at, signing_secret="")
    body = json.dumps(EVENT).encode()

    assert (
        recorded.post_stripe(source, body, at, signature=recorded.stripe_signature(body, at, secret="")).status_code == 401
    )


def test_a_genuine_webhook_of_the_shop_is_one_row(shop):
    answers = [recorded.post_shopify(shop, PAID).status_code for _ in range(2)]

    row = Delivery.objects.get()
    assert answers == [200, 200]
    assert (row.topic, row.external_id, row.payload["id"]) == ("orders/paid", PAID["webhook_id"], 5501)


def test_a_forged_webhook_of_a_shop_is_refused(shop):
    assert recorded.post_shopify(shop, PAID, signature="AAAA").status_code == 401
    assert Delivery.objects.count() == 0


def test_a_webhook_of_another_shop_is_refused(shop):
    answer = recorded.post_shopify(shop, PAID, **{"X-Shopify-Shop-Domain": "other-shop.myshopify.com"})

    assert (answer.status_code, Delivery.objects.count()) == (401, 0)


def test_a_webhook_without_its_id_is_known_by_the_id_of_its_event_and_its_topic(shop):
    for topic in ("orders/paid", "orders/updated", "orders/paid"):
        webhook = {**PAID, "topic": topic}
        recorded.post_shopify(shop, webhook, **{"X-Shopify-Webhook-Id": "", "X-Shopify-Event-Id": "one"})

    assert Delivery.objects.count() == 2


def test_an_unknown_address_is_the_same_page_as_any_other_unknown_one(stripe, at):
    client = Client()
    bodies = {client.get("/nothing/here/").content, client.get(f"/hooks/{stripe.code}/").content}
    bodies |= {client.post(f"/hooks/{code}/", b"{}", "application/json").content for code in ("x", "y" * 30)}

    assert len(bodies) == 1
    assert client.post("/hooks/x/", b"{}", "application/json").status_code == 404


def test_a_body_of_1_mb_is_taken_and_a_larger_one_refused(stripe, at):
    fits = json.dumps({**EVENT, "padding": "x" * (1_000_000 - len(json.dumps({**EVENT, "padding": ""})))}).encode()
    assert len(fits) == 1_000_000

    answers = [recorded.post_stripe(stripe, body, at).status_code for body in (fits, fits + b" ")]

    assert (answers, Delivery.objects.count()) == ([200, 413], 1)


@pytest.mark.parametrize("body", [
    b"", b"not json", b"[1, 2]", b"[" * 100_000, b'{"id":"\\u0000\\ud800","type":NaN,"created":1e999}', b"\xff\xfe\x00",
    b'{"id":' + b"9" * 900 + b"}", b'{"id":{"id":1},"type":["x"],"created":"soon","data":5}',
])  # fmt: skip
def test_signed_rubbish_is_kept_and_says_what_is_wrong(stripe, at, body):
    assert recorded.post_stripe(stripe, body, at).status_code == 200

    recorded.work(at)

    row = Delivery.objects.get()
    assert row.state == "failed"
    assert row.reason
    assert Order.objects.count() == 0


def test_while_paused_webhooks_are_kept_and_taken_in_afterwards(stripe, at):
    connections.set_active(stripe, is_active=False)
    recorded.post_stripe(stripe, EVENT, at)
    recorded.work(at)
    before = Delivery.objects.get().state

    connections.set_active(stripe, is_active=True)
    recorded.work(at)

    assert (before, Delivery.objects.get().state) == ("pending", "done")


def test_secrets_stand_encrypted(stripe, settings):
    row = connections.Connection.objects.get()
    assert recorded.STRIPE_SECRET not in row.signing_secret
    assert connections.signing_secret(row) == recorded.STRIPE_SECRET

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, [settings.SECRET_KEY]
    assert connections.signing_secret(row) == recorded.STRIPE_SECRET


def test_an_unreadable_secret_is_503_so_that_the_sender_tries_again(stripe, at, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, []

    assert recorded.post_stripe(stripe, EVENT, at).status_code == 503
    assert Delivery.objects.count() == 0
