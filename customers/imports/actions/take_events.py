"""Rows of an events file into the timeline."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from customers.actions.timeline import NewEvent, event_key, record_many
from customers.imports.actions.lookups import People
from customers.imports.actions.reading import read
from customers.imports.rules import records
from customers.imports.rules.records import EventValues
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of
from customers.models import Event
from customers.ports import event_types
from customers.tracking.queries import blocked_names

AHEAD = timedelta(days=1)
CHUNK = 5000
OWN_NAME = (
    "is an event that Perennial records itself. Import orders, refunds, subscriptions or consents in files of their own, "
    "or give the event another name."
)


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Record the events that are new; runs in the caller's transaction.

    An event is known by its message id, else by what the row says: customer, name, time, amount and properties. Names of
    Perennial's own events are refused, unless the very event is here (a file that was exported here comes back).
    """
    outcome = Outcome()
    sound = read(rows, taking, records.event, outcome)
    people = People(values.who for _, values in sound)
    wanted: list[tuple[Row, NewEvent]] = []
    for row, values in sound:
        try:
            wanted.append((row, _event(values, people, taking, at)))
        except BadCell as error:
            outcome.problems.append(problem_of(row, taking, error))
    known = _known([event.key for _, event in wanted])
    new: dict[UUID, NewEvent] = {}
    blocked = blocked_names()
    own = {event_type.name for event_type in event_types.all()}
    for row, event in wanted:
        if event.key in known or event.key in new:
            outcome.unchanged += 1
        elif event.name in own:
            outcome.problems.append(problem_of(row, taking, BadCell("name", OWN_NAME)))
        elif event.name in blocked:
            outcome.problems.append(problem_of(row, taking, BadCell("name", "is blocked in the tracking plan.")))
        else:
            new[event.key] = event
    outcome.created = record_many(list(new.values()), at=at)
    outcome.unchanged += len(new) - outcome.created
    return outcome


def _event(values: EventValues, people: People, taking: Taking, at: datetime) -> NewEvent:
    if values.occurred_at > at + AHEAD:
        raise BadCell("occurred_at", "lies in the future. An event is something that happened.")
    customer_id = people.get(values.who)
    return NewEvent(
        customer_id, values.name, values.occurred_at, values.key or _key(values, customer_id), taking.source,
        values.properties, values.amount_minor, values.currency,
    )  # fmt: skip


def _key(values: EventValues, customer_id: int) -> UUID:
    if values.message_id:
        return event_key("import", values.message_id)
    content = json.dumps(values.properties, sort_keys=True, separators=(",", ":"))
    return event_key(
        "import-row",
        customer_id,
        values.name,
        values.occurred_at.isoformat(),
        values.amount_minor,
        values.currency,
        content,
    )


def _known(keys: Sequence[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for start in range(0, len(keys), CHUNK):
        found.update(Event.objects.filter(key__in=keys[start : start + CHUNK]).values_list("key", flat=True))
    return found
