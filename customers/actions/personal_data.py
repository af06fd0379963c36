"""What the first floor does with a person's rows on export, erasure and merge."""

from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model

from config.kit import sql
from customers.actions import consent
from customers.enums import SuppressionReason
from customers.models import (
    Consent,
    ConsentChange,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    Order,
    Refund,
    SegmentChange,
    SegmentMembership,
    Suppression,
)  # fmt: skip
from customers.ports.personal_data import PersonalData, register
from customers.rules import addresses

OWN = (
    CustomerFacts, Order, Refund, Consent, ConsentChange, Suppression, SegmentMembership, SegmentChange, Event,
    EventAggregate,
)  # fmt: skip
PROFILE: dict[str, Any] = {
    "external_id": None, "email": "", "phone": "", "first_name": "", "last_name": "", "city": "", "company": "",
    "born_on": None,
    "attributes": {}, "industry": "", "persona": "",
}  # fmt: skip


def _others() -> tuple[type[Model], ...]:
    """Working tables of segments that name a customer (who must be looked at again); they hold no facts about a person."""
    found = []
    for model in apps.get_app_config("customers").get_models():
        keys = [field for field in model._meta.fields if field.related_model is Customer]
        if keys and model not in OWN:
            found.append(model)
    return tuple(found)


def _rows(rows: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """The profile and every row about a customer, by table."""
    tables: dict[str, list[dict[str, Any]]] = {
        "customer": _rows(Customer.objects.filter(pk=customer_id).values()),
        "order_lines": _rows(
            Order.objects.filter(customer_id=customer_id, lines__isnull=False).values(
                "number", "lines__product__sku", "lines__quantity", "lines__unit_minor"
            )
        ),
    }
    for model in OWN:
        tables[model._meta.model_name or ""] = _rows(model._default_manager.filter(customer_id=customer_id).values())
    return tables


def erase(customer_id: int, at: datetime) -> None:
    """Make the person unrecognisable: profile emptied, address blocked for good by its hash, consent withdrawn.

    Orders, refunds and the names and times of events stay, without what could name the person: sums stay true.
    """
    with transaction.atomic():
        customer = Customer.objects.get(pk=customer_id)
        for channel, column in addresses.FIELDS.items():
            if address := getattr(customer, column):
                reason = SuppressionReason.ERASED
                consent.suppress(channel=channel, address=address, reason=reason, at=at, customer_id=customer_id)
        Suppression.objects.filter(customer_id=customer_id).update(customer=None)
        Consent.objects.filter(customer_id=customer_id).delete()
        SegmentMembership.objects.filter(customer_id=customer_id).delete()
        Event.objects.filter(customer_id=customer_id).exclude(name__startswith="order.").update(properties={})
        Customer.objects.filter(pk=customer_id).update(**PROFILE, updated_at=at)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Move every row of one customer to another; counters are added up, the later answer of a consent wins."""
    with transaction.atomic():
        for model in (Order, Refund, ConsentChange, Suppression, SegmentChange, Event):
            model._default_manager.filter(customer_id=from_id).update(customer_id=into_id)
        known = set(SegmentMembership.objects.filter(customer_id=into_id).values_list("segment_id", flat=True))
        SegmentMembership.objects.filter(customer_id=from_id).exclude(segment_id__in=known).update(customer_id=into_id)
        _merge_consents(from_id, into_id)
        _add_up(from_id, into_id)


def _merge_consents(from_id: int, into_id: int) -> None:
    own = {(row.topic_id, row.channel): row for row in Consent.objects.filter(customer_id=into_id)}
    for row in Consent.objects.filter(customer_id=from_id):
        mine = own.get((row.topic_id, row.channel))
        if mine is None:
            Consent.objects.filter(pk=row.pk).update(customer_id=into_id)
        elif row.changed_at > mine.changed_at:
            Consent.objects.filter(pk=mine.pk).update(state=row.state, changed_at=row.changed_at)


def _add_up(from_id: int, into_id: int) -> None:
    add, least, greatest = (
        ["order_count", "revenue_minor", "refunded_minor", "event_count"],
        ["first_order_at", "first_seen_at"],
        ["last_order_at", "last_seen_at"],
    )
    facts = CustomerFacts.objects.filter(customer_id=from_id).values_list(*add, *least, *greatest)
    rows = [(into_id, *row) for row in facts]
    sql.add_up(CustomerFacts, key=["customer"], add=add, least=least, greatest=greatest, rows=rows)
    counts = EventAggregate.objects.filter(customer_id=from_id).values_list("name", "count", "first_at", "last_at")
    sql.add_up(
        EventAggregate,
        key=["customer", "name"],
        add=["count"],
        least=["first_at"],
        greatest=["last_at"],
        rows=[(into_id, *row) for row in counts],
    )
    CustomerFacts.objects.filter(customer_id=from_id).delete()
    EventAggregate.objects.filter(customer_id=from_id).delete()


def register_all() -> None:
    register(PersonalData("customers", (*OWN, *_others()), export, erase, merge))
