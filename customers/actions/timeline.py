"""Recording events and running their subscribers.

`record_many` writes events and their inbox rows in the caller's transaction. `process_batch` claims inbox rows, calls
every subscribed handler with its part of the batch, and deletes the claimed rows, all in one transaction.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction

from config.kit import sql
from config.kit.clock import local_day
from config.kit.queue import enqueue, without_collector
from customers.models import Event, FailedEvent, PendingEvent
from customers.ports import subscribers
from customers.ports.subscribers import EVERY, TimelineEvent
from customers.queries import brand

log = logging.getLogger(__name__)

NAMESPACE = uuid.UUID("6f1dd7a3-6c1a-5a43-9b7c-3f0d1d6a2c11")
# One batch is about 140 statements whatever its size. Measured: 12,000 events take a sixth less time each than 5,000, and
# hold their rows for little more than a second.
BATCH = 12_000
COLUMNS = (
    "customer", "name", "occurred_at", "local_day", "received_at", "properties", "amount_minor", "currency", "source",
    "key",
)  # fmt: skip


def event_key(*parts: object) -> uuid.UUID:
    """The key of an event: a UUIDv5 of `(app, object, id)` or of `(source, messageId)`. The same parts, the same event."""
    return uuid.uuid5(NAMESPACE, ":".join(str(part) for part in parts))


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to record; see `customers.models.Event` for the meaning of each field."""

    customer_id: int
    name: str
    occurred_at: datetime
    key: uuid.UUID
    source: str
    properties: dict[str, Any] = field(default_factory=dict)
    amount_minor: int | None = None
    currency: str = ""


def record(event: NewEvent, *, at: datetime) -> bool:
    """Record one event; False when its key was known already."""
    return record_many([event], at=at) == 1


def record_many(events: Sequence[NewEvent], *, at: datetime) -> int:
    """Record events received `at` and put them in the inbox; returns how many were new.

    Runs in the caller's transaction (or its own). An event whose `key` is known is passed over.
    """
    if not events:
        return 0
    zone = brand.current().timezone
    rows = [
        (e.customer_id, e.name, e.occurred_at, local_day(e.occurred_at, zone), at, e.properties, e.amount_minor, e.currency,
         e.source, e.key)
        for e in events
    ]  # fmt: skip
    with transaction.atomic():
        count = sql.insert_new(Event, COLUMNS, rows, unique="key", inbox=PendingEvent)
        if count:
            enqueue("customers.process_events")
    return count


def process_batch(*, limit: int = BATCH, at: datetime) -> int:
    """Take up to `limit` inbox events and run their subscribers; returns how many were taken, 0 when the inbox is empty.

    1. Claim: rows are locked with SKIP LOCKED, so that several workers never take the same event.
    2. Run: each handler gets its part of the batch, inside this transaction.
    3. A batch that raises is rolled back and halved until the bad event is alone; that one moves to `FailedEvent`.
    4. The inbox rows are deleted; everything commits together. A kill before the commit leaves all as it was.
    5. A broken reference shows only at the commit: the same events are tried again in smaller transactions.
    """
    events: list[TimelineEvent] = []
    try:
        with without_collector(), transaction.atomic():
            events = _claim(limit)
            if events:
                _run(events, at)
    except IntegrityError as error:
        if len(events) > 1:
            return process_batch(limit=len(events) // 2, at=at)
        _put_aside_alone(events[0], error, at)
    return len(events)


def _put_aside_alone(event: TimelineEvent, error: Exception, at: datetime) -> None:
    with transaction.atomic():
        if not Event.objects.filter(pk=event.id, customer_id=event.customer_id).exists():
            return  # its customer was merged into another meanwhile: the next batch takes it with the new one
        if PendingEvent.objects.filter(event_id=event.id).delete()[0]:
            _put_aside(event, "commit", str(error), at)


def _put_aside(event: TimelineEvent, handler: str, error: str, at: datetime) -> None:
    log.error("event %s set aside: %s failed", event.id, handler)
    FailedEvent.objects.update_or_create(
        event_id=event.id, defaults={"handler": handler, "error": error[:2000], "failed_at": at}
    )


def _claim(limit: int) -> list[TimelineEvent]:
    return list(map(TimelineEvent._make, sql.take(PendingEvent, limit, of=Event, columns=("id", *COLUMNS))))


class _HandlerFailed(Exception):
    def __init__(self, handler: str, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.handler = handler


def _run(events: Sequence[TimelineEvent], at: datetime) -> None:
    try:
        with transaction.atomic():
            _call_handlers(events, at)
    except _HandlerFailed as failure:
        if len(events) == 1:
            _put_aside(events[0], failure.handler, str(failure), at)
            return
        middle = len(events) // 2
        _run(events[:middle], at)
        _run(events[middle:], at)


def _call_handlers(events: Sequence[TimelineEvent], at: datetime) -> None:
    names = {event.name for event in events}
    for subscriber in subscribers.all():
        if EVERY in subscriber.events:
            part = events
        elif names & subscriber.events:
            part = [event for event in events if event.name in subscriber.events]
        else:
            continue
        try:
            subscriber.handle(part, at)
        except Exception as error:
            if isinstance(error, DatabaseError | InterfaceError) and sql.is_passing(error):
                raise  # deadlock, lock time-out, lost connection: not the event's fault, the whole claim is taken back
            raise _HandlerFailed(subscriber.key, error) from error


def retry_failed(*, failed_ids: Sequence[int] | None = None) -> int:
    """Put failed events (all, or those with these ids) back into the inbox; returns how many."""
    with transaction.atomic():
        failures = FailedEvent.objects.all() if failed_ids is None else FailedEvent.objects.filter(id__in=failed_ids)
        ids = list(sql.for_update(failures).values_list("event_id", flat=True))
        PendingEvent.objects.bulk_create([PendingEvent(event_id=i) for i in ids], ignore_conflicts=True)
        FailedEvent.objects.filter(event_id__in=ids).delete()
        if ids:
            enqueue("customers.process_events")
    return len(ids)
