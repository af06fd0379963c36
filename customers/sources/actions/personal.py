"""A person's webhooks on export and erasure. They name nobody here by key, only by the source's own id."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from customers.enums import IdentityKind
from customers.models import Connection, Delivery, Identity
from customers.sources.actions import requests

KINDS = (IdentityKind.STRIPE.value, IdentityKind.SHOPIFY.value)
ERASED: dict[str, Any] = {
    "payload": {},
    "reason": "Erased on request.",
    "state": "ignored",
    "due_at": None,
    "waits_for": "",
}


def _identities(customer_id: int) -> list[tuple[str, str]]:
    rows = Identity.objects.filter(customer_id=customer_id, kind__in=KINDS)
    return list(rows.values_list("kind", "value"))


def _deliveries(customer_id: int) -> Any:
    wanted = Q(pk__in=[])
    for kind, value in _identities(customer_id):
        wanted |= Q(subject=value, connection__kind=kind)
    return Delivery.objects.filter(wanted).exclude(subject="")


def export(customer_id: int) -> dict[str, Any]:
    """The webhooks about a customer, as they came."""
    names = ("topic", "occurred_at", "received_at", "payload")
    return {"webhooks": [dict(row) for row in _deliveries(customer_id).order_by("id").values(*names)]}


def erase(customer_id: int, at: datetime) -> None:
    """Empty the webhooks about a customer, and take in nothing more about this customer of the source."""
    _deliveries(customer_id).update(**ERASED)
    for kind, value in _identities(customer_id):
        for source in Connection.objects.filter(kind=kind):
            requests.forget(source, value, at=at)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Nothing to move: the source's ids lead to the customer, and they move with the first floor."""
