"""What the tracking plan hears from the timeline: one row per batch, folded in by a job."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers.events import CUSTOMER_CREATED, CUSTOMER_UPDATED
from customers.models import TrackedBatch
from customers.ports import event_types
from customers.ports.subscribers import EVERY, TimelineEvent, on
from customers.tracking.rules import kinds

MAX_PROPERTIES = 200
MAX_PEOPLE = 200
PROFILE = (CUSTOMER_CREATED, CUSTOMER_UPDATED)


@on(EVERY)
def summarise(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Count events and the types of their properties, with one payload per name; one insert whatever the batch holds.

    Properties of the names that Perennial records itself are known and not looked at. Names of properties that differ in
    every event (somebody put ids into them) are counted up to a limit.
    """
    by_name: dict[str, list[TimelineEvent]] = {}
    for event in events:
        found = by_name.get(event.name)
        if found is None:
            by_name[event.name] = [event]
        else:
            found.append(event)
    names = {name: _summary(found, is_own=event_types.has(name)) for name, found in by_name.items()}
    people = {event.customer_id for name in PROFILE for event in by_name.get(name, ())}
    TrackedBatch.objects.create(summary={"events": names, "people": sorted(people)[:MAX_PEOPLE]})


def _summary(events: list[TimelineEvent], *, is_own: bool) -> dict[str, Any]:
    days: dict[Any, int] = {}
    first = last = events[0]
    for event in events:
        days[event.local_day] = days.get(event.local_day, 0) + 1
        moment = event.occurred_at
        if moment > last.occurred_at:
            last = event
        elif moment < first.occurred_at:
            first = event
    summary: dict[str, Any] = {
        "count": len(events),
        "first": first.occurred_at.isoformat(),
        "last": last.occurred_at.isoformat(),
        "days": {day.isoformat(): count for day, count in days.items()},
        "source": last.source[:40],
    }
    if not is_own:
        summary["sample"] = kinds.masked(last.properties)
        summary["properties"] = _properties(events)
    return summary


def _properties(events: list[TimelineEvent]) -> dict[str, dict[str, list[Any]]]:
    """By property and type: how often, an example, and the source it came from.

    Counting runs in C, over pairs of name and class; examples are then looked up in few payloads.
    """
    match = kinds.MOMENT.match
    pairs = Counter(
        (
            name,
            MOMENT
            if value.__class__ is str and 9 < len(value) < 36 and value[4] == "-" and match(value)
            else value.__class__,
        )
        for event in events
        for name, value in event.properties.items()
    )
    kept = dict(pairs.most_common(MAX_PROPERTIES)) if len(pairs) > MAX_PROPERTIES else pairs
    wanted = set(kept)
    found: dict[str, dict[str, list[Any]]] = {}
    for event in events:
        if not wanted:
            break
        for name, value in event.properties.items():
            key = (name, MOMENT if value.__class__ is str and kinds.is_moment(value) else value.__class__)
            if key in wanted:
                wanted.discard(key)
                types, word = found.setdefault(name[:120], {}), kinds.kind(value)
                types[word] = [types.get(word, [0])[0] + kept[key], kinds.example(name, value), event.source[:40]]
    return found


MOMENT = object()
