"""Changes of membership onto the timeline."""

from datetime import datetime

from django.db import transaction

from config.kit import sql
from customers.actions import timeline
from customers.actions.timeline import NewEvent, event_key
from customers.events import SEGMENT_ENTERED, SEGMENT_LEFT
from customers.models import Segment, SegmentChange

CHUNK = 5000
Row = tuple[int, int, int, bool, datetime]


def waiting(*, at: datetime, limit: int = 1_000_000) -> int:
    """Record `segment.entered` and `segment.left` for changes that are not on the timeline yet; returns how many.

    In chunks, each its own transaction unless the caller has one open; an event's key is its change's id, so a chunk that
    is repeated after a kill records nothing twice. Whoever has little time passes a `limit` and leaves the rest to the job
    that fills segments.
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
        changes = sql.fetch(rows.values_list("id", "segment_id", "customer_id", "entered", "changed_at")[:CHUNK])
        if not changes:
            return 0
        names = dict(Segment.objects.filter(id__in={change[1] for change in changes}).values_list("id", "name"))
        timeline.record_many([_event(change, names) for change in changes], at=at)
        SegmentChange.objects.filter(id__among=[change[0] for change in changes]).update(is_announced=True)
    return len(changes)


def _event(change: Row, names: dict[int, str]) -> NewEvent:
    change_id, segment_id, customer_id, entered, changed_at = change
    return NewEvent(
        customer_id=customer_id,
        name=SEGMENT_ENTERED if entered else SEGMENT_LEFT,
        occurred_at=changed_at,
        key=event_key("customers", "segment-change", change_id),
        source="segments",
        properties={"segment_id": segment_id, "segment": names.get(segment_id, "")},
    )
