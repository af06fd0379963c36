"""Creating and changing single customers by hand; files go through `customers.imports`."""

from datetime import datetime
from typing import Any

from django.db import transaction

from customers import events
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record
from customers.models import Customer


def create(values: dict[str, Any], *, source: str, at: datetime) -> Customer:
    """Create one customer with these field values and record it."""
    with transaction.atomic():
        customer = Customer.objects.create(**{"created_at": at, "updated_at": at} | values)
        key = event_key("customers", "customer", customer.pk)
        record(NewEvent(customer.pk, events.CUSTOMER_CREATED, customer.created_at, key, source, {"source": source}), at=at)
        consent.relink_suppressions([customer.pk])
    return customer


def change(customer_id: int, values: dict[str, Any], *, source: str, at: datetime) -> list[str]:
    """Set field values of one customer; returns the names of those that differed, and records them."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        changed = sorted(name for name, value in values.items() if getattr(customer, name) != value)
        if not changed:
            return []
        for name in changed:
            setattr(customer, name, values[name])
        customer.updated_at = at
        customer.save(update_fields=[*changed, "updated_at"])
        key = event_key("customers", "customer.updated", customer_id, at.isoformat(), *changed)
        record(NewEvent(customer_id, events.CUSTOMER_UPDATED, at, key, source, {"fields": ", ".join(changed)}), at=at)
        if {"email", "phone"} & set(changed):
            consent.relink_suppressions([customer_id])
    return changed
