"""What stages and usage hear from the timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED, SEGMENT_ENTERED, SEGMENT_LEFT
from customers.models import Persona, StageRule
from customers.ports.subscribers import TimelineEvent, on
from customers.stages.actions import evaluate, returns


@on(SEGMENT_ENTERED, SEGMENT_LEFT)
def move(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Look at customers who entered or left a segment that a stage rule or a persona names."""
    named = {
        *StageRule.objects.filter(is_active=True, segment__isnull=False).values_list("segment_id", flat=True),
        *Persona.objects.filter(segment__isnull=False).values_list("segment_id", flat=True),
    }
    ids = {e.customer_id for e in events if isinstance(e.properties, dict) and _segment(e.properties) in named}
    if ids:
        evaluate.customers(sorted(ids), at=at)


def _segment(properties: dict[str, Any]) -> int | None:
    value = properties.get("segment_id")
    return value if isinstance(value, int) else None


@on(ORDER_PLACED, ORDER_REFUNDED, ORDER_CANCELLED)
def note_returns(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Keep when a customer last came back after a long break; it is what "won back" asks about."""
    returns.refresh(sorted({event.customer_id for event in events}))
