"""Journeys listen to the whole timeline: an entry, a wait, a goal or an exit may name any event."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.journeys.actions import listen
from customers.ports.subscribers import EVERY, TimelineEvent, on


@on(EVERY)
def walk_journeys(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Let people in, on and out."""
    listen.hear(events, at=at)
