"""The timeline of one customer, page by page, in words.

Plan of a page (PostgreSQL, a customer with 100,000 events): Index Scan Backward on `event_customer_occurred`, which stops
after 31 rows; with a filter it goes on until it has found 31.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode

from config.kit import sql
from customers.events import SEGMENT_ENTERED, SEGMENT_LEFT
from customers.models import Event, EventAggregate
from customers.ports import event_types

PAGE = 30
PAYLOAD = 20_000  # characters of a payload that a page shows
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
    ("own", "Own events"),
]
OTHER = {"own"}  # names that our catalogue does not know: what the company itself sends


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in words; `why` is the page that explains it, where there is one."""

    icon: str
    sentence: str
    label: str
    name: str
    occurred_at: datetime
    amount_minor: int | None
    currency: str
    source: str
    is_generated: bool
    local_day: date
    payload: str
    why: str = ""


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
        event.local_day,
        _payload(event),
        _why(event),
    )


def _why(event: Event) -> str:
    """For entering and leaving a segment, the page that explains it at that moment."""
    segment_id = event.properties.get("segment_id") if event.name in {SEGMENT_ENTERED, SEGMENT_LEFT} else None
    if type(segment_id) is not int or not 0 < segment_id < 2**63:  # an event may say anything
        return ""
    asked = urlencode({"customer": str(event.customer_id), "at": event.occurred_at.isoformat()})
    return f"{reverse('customers:segment-explain', args=[segment_id])}?{asked}"


def _payload(event: Event) -> str:
    text = json.dumps(event.properties, indent=2, ensure_ascii=False, sort_keys=True) if event.properties else ""
    return text if len(text) <= PAYLOAD else f"{text[:PAYLOAD]}…"


def _sentence(template: str, properties: dict[str, Any]) -> str:
    plain = _Blank({key: str(value)[:200] for key, value in properties.items()})
    try:
        return template.format_map(plain).strip()
    except (ValueError, IndexError, AttributeError, KeyError):
        return ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a timeline is asked for: a kind (first part of the names), one name, words in it, and up to which day."""

    kind: str = ""
    name: str = ""
    text: str = ""
    until: date | None = None


def of_customer(customer_id: int, wish: Wish = Wish(), *, cursor: str = "", size: int = PAGE) -> TimelinePage:
    """One page of a customer's timeline; `cursor` is where the last page ended.

    Keyset pages on (customer, occurred_at): the hundredth page costs what the first one does. A bad cursor starts anew.
    """
    events = _wished(Event.objects.filter(customer_id=customer_id).order_by("-occurred_at", "-id"), customer_id, wish)
    before = _cursor(cursor)
    if before:
        moment, last_id = before
        events = events.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=last_id), occurred_at__lte=moment)
    rows = list(events[: size + 1])
    more = len(rows) > size
    shown: Sequence[Event] = rows[:size]
    end = f"{shown[-1].occurred_at.isoformat()}_{shown[-1].pk}" if more else ""
    return TimelinePage([entry(event) for event in shown], end)


def names(customer_id: int) -> list[tuple[str, str, int]]:
    """What this customer ever did: (name, label, how often), most often first."""
    rows = EventAggregate.objects.filter(customer_id=customer_id).order_by("-count", "name").values_list("name", "count")
    return [(name, _label(name), count) for name, count in rows[:200]]


def _label(name: str) -> str:
    return event_types.get(name).label if event_types.has(name) else name


def _wished(events: QuerySet[Event], customer_id: int, wish: Wish) -> QuerySet[Event]:
    if wish.kind in OTHER:
        events = events.exclude(name__in=[known.name for known in event_types.all()])
    elif wish.kind in {key for key, _ in KINDS if key}:
        events = events.filter(name__startswith=f"{wish.kind}.")
    if wish.name:
        events = events.filter(name=wish.name)
    if text := wish.text.replace("\0", "").strip()[:100]:
        # Quotes stand escaped in JSON; SQLite's also holds letters beyond ASCII so.
        quoted = json.dumps(text, ensure_ascii=not sql.is_postgresql())[1:-1]
        events = events.alias(payload=Cast("properties", TextField()))
        events = events.filter(Q(name__icontains=text) | Q(payload__icontains=quoted) | Q(source__iexact=text))
    if wish.until:
        midnight = datetime.combine(wish.until + timedelta(days=1), time.min, timezone.get_current_timezone())
        events = events.filter(occurred_at__lt=midnight)
    return events


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
