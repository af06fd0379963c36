"""Payloads in the shape of the public API references, people made up; and the two systems that send them, signed."""

import copy
import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

from django.core.cache import cache
from django.test import Client

from customers.models import (
    Brand,
    Consent,
    Customer,
    CustomerFacts,
    Delivery,
    MrrMovement,
    Order,
    Refund,
    Subscription,
    SubscriptionChange,
    Topic,
)
from customers.sources.actions import connections, take_in

FIXTURES = Path(__file__).parent / "fixtures"
SHOP = "fern-and-finch.myshopify.com"
STRIPE_SECRET, SHOPIFY_SECRET = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", "shpss_0123456789abcdef0123456789abcdef"


def load(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


def account(currency="EUR"):
    cache.clear()
    return Brand.objects.update_or_create(pk=1, defaults={"currency": currency, "timezone": "UTC"})[0]


def stripe(at, **values):
    return connections.add(kind="stripe", name="Stripe", account="", at=at,
                           **{"signing_secret": STRIPE_SECRET, "api_token": ""} | values)  # fmt: skip


def shopify(at, **values):
    return connections.add(kind="shopify", name="Shop", account=SHOP, at=at,
                           **{"signing_secret": SHOPIFY_SECRET, "api_token": ""} | values)  # fmt: skip


def stripe_signature(body, at, secret=STRIPE_SECRET):
    moment = str(int(at.timestamp()))
    return f"t={moment},v1={hmac.new(secret.encode(), f'{moment}.'.encode() + body, hashlib.sha256).hexdigest()}"


def shopify_signature(body, secret=SHOPIFY_SECRET):
    return b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def post_stripe(source, event, at, signature=None, client=None):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    header = stripe_signature(body, at) if signature is None else signature
    return (client or Client()).post(
        f"/hooks/{source.code}/", body, "application/json", headers={"Stripe-Signature": header}
    )


def post_shopify(source, webhook, signature=None, client=None, **headers):
    body = webhook["payload"] if isinstance(webhook["payload"], bytes) else json.dumps(webhook["payload"]).encode()
    sent = {
        "X-Shopify-Hmac-Sha256": shopify_signature(body) if signature is None else signature,
        "X-Shopify-Topic": webhook["topic"], "X-Shopify-Webhook-Id": webhook["webhook_id"],
        "X-Shopify-Event-Id": f"event-{webhook['webhook_id']}", "X-Shopify-Shop-Domain": SHOP,
    }  # fmt: skip
    return (client or Client()).post(f"/hooks/{source.code}/", body, "application/json", headers=sent | headers)


def send(source, messages, at):
    """Everything in this order, each taken in before the next one comes."""
    for message in messages:
        post(source, message, at)
        work(at)


def post(source, message, at):
    answer = post_stripe(source, message, at) if source.kind == "stripe" else post_shopify(source, message)
    assert answer.status_code == 200, answer.content
    return answer


def work(at):
    while take_in.due(at=at):
        pass


def again(at):
    """Let the time of everything that waits come."""
    Delivery.objects.filter(state__in=["held", "pending"]).update(due_at=at)
    work(at)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def state():
    """All that the webhooks made, without the ids of rows and the order in which they came."""
    customers = Customer.objects.order_by("email").values_list(
        "email", "first_name", "last_name", "phone", "city", "country", "company", "attributes", "created_at"
    )
    orders = Order.objects.order_by("number").values_list(
        "number", "customer__email", "placed_at", "total_minor", "discount_minor", "currency", "state", "refunded_minor"
    )
    lines = Order.objects.order_by("number", "lines__product__sku").values_list(
        "number", "lines__product__sku", "lines__product__name", "lines__quantity", "lines__unit_minor"
    )
    refunds = Refund.objects.order_by("number").values_list("number", "order__number", "refunded_at", "amount_minor")
    subscriptions = Subscription.objects.order_by("reference").values_list(
        "reference", "customer__email", "plan", "quantity", "status", "mrr_minor", "renews_on", "cancel_at", "started_at"
    )
    changes = SubscriptionChange.objects.order_by("changed_at", "key").values_list(
        "changed_at", "status", "plan", "mrr_minor", "is_renewal", "reason", "key"
    )
    moves = MrrMovement.objects.order_by("local_day").values_list("local_day", "kind", "amount_minor", "after_minor")
    consents = Consent.objects.order_by("channel").values_list("customer__email", "channel", "state", "changed_at")
    kinds = [customers, orders, lines, refunds, subscriptions, changes, moves, consents]
    return json.dumps([[[str(value) for value in row] for row in rows] for rows in kinds], indent=1)


def topic():
    return Topic.objects.create(slug="news", name="News", is_default=True)


def empty():
    """Forget everything that came, as on a fresh installation."""
    from django.db import connection

    Delivery.objects.all().delete()
    MrrMovement.objects.all().delete()
    CustomerFacts.objects.all().delete()
    for source in list(connections.Connection.objects.all()):
        connections.delete(source)
    return connection


__all__ = ["copy"]
