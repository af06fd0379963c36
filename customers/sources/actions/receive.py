"""Storing webhooks and what a pull found: one row each, once per id, before anything else happens to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.kit.queue import enqueue
from customers.enums import DeliveryState
from customers.models import Connection, Delivery

MOST_ID = 120


@dataclass(frozen=True, slots=True)
class Arrival:
    """A webhook, or an object that a pull found in its place. `problem`: it cannot be read, and why."""

    external_id: str
    topic: str
    payload: dict[str, Any]
    occurred_at: datetime
    problem: str = ""


def store(connection: Connection, arrivals: Sequence[Arrival], *, at: datetime) -> None:
    """Insert rows for the worker in one statement; an id that is here already stays as it is."""
    rows = [
        Delivery(
            connection=connection,
            external_id=arrival.external_id[:MOST_ID],
            topic=arrival.topic[:80],
            payload=arrival.payload,
            occurred_at=arrival.occurred_at,
            received_at=at,
            state=DeliveryState.FAILED if arrival.problem else DeliveryState.PENDING,
            reason=arrival.problem[:300],
            due_at=None if arrival.problem else at,
        )
        for arrival in arrivals
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    enqueue("customers.take_in_deliveries")
