"""The timeline of one customer, page by page, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from customers.models import Event
from customers.ports import event_types

PAGE = 30
KINDS = [
    ("", "Everything"),
    ("order", "Orders"),
    ("message", "Messages"),
    ("journey", "Journeys"),
    ("loyalty", "Loyalty"),
    ("referral", "Referrals"),
    ("survey", "Surveys"),
    ("consent", "Consent"),
    ("segment", "Segments"),
    ("customer", "Profile"),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in words."""

    icon: str
    sentence: str
    label: str
    name: str
    occurred_at: datetime
    amount_minor: int | None
    currency: str
    source: str
    is_generated: bool


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Entries, newest first, and the cursor of the next page (empty at the end)."""

    entries: list[Entry]
    cursor: str


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def entry(event: Event) -> Entry:
    """An event in the words of the catalogue; the bare name for one that the catalogue does not know."""
    known = event_types.get(event.name) if event_types.has(event.name) else None
    sentence = event.name.replace(".", " ").replace("_", " ").capitalize()
    if known:
        sentence = _sentence(known.sentence or known.label, event.properties) or known.label
    return Entry(
        known.icon if known else "circle-dot",
        sentence,
        known.label if known else event.name,
        event.name,
        event.occurred_at,
        event.amount_minor,
        event.currency,
        event.source,
        bool(event.properties.get("generated")),
    )


def _sentence(template: str, properties: dict[str, Any]) -> str:
    plain = _Blank({key: str(value)[:200] for key, value in properties.items()})
    try:
        return template.format_map(plain).strip()
    except (ValueError, IndexError, AttributeError, KeyError):
        return ""


def of_customer(customer_id: int, *, kind: str = "", cursor: str = "", size: int = PAGE) -> TimelinePage:
    """One page of a customer's timeline; `kind` is the first part of the names to show, `cursor` where the last page ended.

    Keyset pages on (customer, occurred_at): the hundredth page costs what the first one does. A bad cursor starts anew.
    """
    events = Event.objects.filter(customer_id=customer_id).order_by("-occurred_at", "-id")
    if kind in {key for key, _ in KINDS if key}:
        events = events.filter(name__startswith=f"{kind}.")
    before = _cursor(cursor)
    if before:
        moment, last_id = before
        events = events.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=last_id), occurred_at__lte=moment)
    rows = list(events[: size + 1])
    more = len(rows) > size
    shown: Sequence[Event] = rows[:size]
    end = f"{shown[-1].occurred_at.isoformat()}_{shown[-1].pk}" if more else ""
    return TimelinePage([entry(event) for event in shown], end)


def _cursor(text: str) -> tuple[datetime, int] | None:
    moment_text, _, id_text = text.rpartition("_")
    try:
        moment = parse_datetime(moment_text)
        moment = moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    if moment is None or not id_text.isdecimal() or len(id_text) > 18:
        return None
    return moment, int(id_text)
