"""Changes of membership onto the timeline."""

from datetime import datetime

from django.db import transaction

from config.kit import sql
from customers.actions import timeline
from customers.actions.timeline import NewEvent, event_key
from customers.events import SEGMENT_ENTERED, SEGMENT_LEFT
from customers.models import SegmentChange

CHUNK = 2000


def waiting(*, at: datetime, limit: int = 1_000_000) -> int:
    """Record `segment.entered` and `segment.left` for changes that are not on the timeline yet; returns how many.

    In chunks, each its own transaction unless the caller has one open; an event's key is its change's id, so a chunk that
    is repeated after a kill records nothing twice.
    """
    total = 0
    while total < limit:
        count = _chunk(at)
        total += count
        if count < CHUNK:
            break
    return total


def _chunk(at: datetime) -> int:
    with transaction.atomic():
        rows = sql.for_update(SegmentChange.objects.filter(is_announced=False).order_by("id"), skip_locked=True)
        changes = list(rows.select_related("segment")[:CHUNK])
        timeline.record_many([_event(change) for change in changes], at=at)
        SegmentChange.objects.filter(id__in=[change.id for change in changes]).update(is_announced=True)
    return len(changes)


def _event(change: SegmentChange) -> NewEvent:
    return NewEvent(
        customer_id=change.customer_id,
        name=SEGMENT_ENTERED if change.entered else SEGMENT_LEFT,
        occurred_at=change.changed_at,
        key=event_key("customers", "segment-change", change.id),
        source="segments",
        properties={"segment_id": change.segment_id, "segment": change.segment.name},
    )
