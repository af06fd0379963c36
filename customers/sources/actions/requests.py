"""Requests of data subjects that Shopify passes on: they wait on the privacy page until staff confirm them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from customers.enums import DataRequestKind, DataRequestState
from customers.models import Connection, Customer, DataRequest, SourceObject
from customers.privacy.actions.requests import due_on
from customers.sources.actions import people

OPEN = (DataRequestState.REQUESTED, DataRequestState.QUEUED, DataRequestState.RUNNING)


def create(asked: Iterable[tuple[Any, Any]], source: Connection, *, at: datetime) -> None:
    """One request per person and kind, unless one is open; about somebody unknown there is nothing to hand out or erase."""
    listed = list(asked)
    if not listed:
        return
    ids = people.ids_of(source, {fact.source_id for _, fact in listed if fact.source_id})
    emails = sorted({fact.email for _, fact in listed if fact.email})
    by_email = dict(Customer.objects.filter(email__in=emails).order_by("-id").values_list("email", "id"))
    for item, fact in listed:
        customer_id = ids.get(fact.source_id) or by_email.get(fact.email)
        if customer_id is None:
            item.notes.append("Nobody here has this id or address.")
            if fact.kind == DataRequestKind.ERASURE and fact.source_id:
                forget(source, fact.source_id, at=at)
            continue
        open_ones = DataRequest.objects.filter(customer_id=customer_id, kind=fact.kind, state__in=OPEN)
        if not open_ones.exists():
            DataRequest.objects.create(
                kind=fact.kind, customer_id=customer_id, customer_number=customer_id, state=DataRequestState.REQUESTED,
                is_by_customer=True, requested_at=at, due_on=due_on(at.date()),
            )  # fmt: skip


def forget(source: Connection, source_id: str, *, at: datetime) -> None:
    """Whatever still comes about this customer of the source is not taken in."""
    SourceObject.objects.update_or_create(
        connection=source, kind=people.KIND, external_id=source_id,
        defaults={"is_erased": True, "facts": {}, "version_at": at},
    )  # fmt: skip
