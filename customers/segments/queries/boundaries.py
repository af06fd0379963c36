"""Who may change sides only because time passed between two moments.

Each leaf with a relative window names its candidates: customers with an event, an order or a date near one of the
window's ends. They are a superset: every candidate is evaluated again. Leaves whose answer changes with the day of the
year or of a text (anniversaries, dates in attributes) have no cheap candidates and ask for everybody once per day. Events
and orders that are dated ahead are no concern of this module: they are looked at again when their moment comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from config.kit.clock import day_bounds, local_day
from customers.models import Customer, Event, Order, SegmentChange
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.queries import brand
from customers.segments.queries import predicates
from customers.segments.queries.leaves.people import source_of
from customers.segments.rules import windows
from customers.segments.rules.tree import (
    AttributeIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    Group,
    Leaf,
    MessageCount,
    Orders,
    SegmentMoved,
    Sequence,
    Test,
    Window,
    leaves,
)

RELATIVE = ("in_last", "more_ago", "in_next", *windows.EXACT_DAYS, *windows.ANNIVERSARIES)


@dataclass(slots=True)
class Candidates:
    """Customers to evaluate again, or everybody."""

    everybody: bool = False
    ids: set[int] = field(default_factory=set)


def has_windows(tree: Group) -> bool:
    """Whether time alone can change the answer."""
    return any(_is_windowed(leaf) for leaf in leaves(tree))


def near(tree: Group, since: datetime, until: datetime) -> tuple[bool, list[tuple[QuerySet[Any], str]]]:
    """Where the candidates of a tree are for the time after `since` up to `until`: whether everybody is one, and rows near
    an end of a window, each with the name of its customer. `queries.candidates` reads them for many segments at once."""
    zone = brand.current().timezone
    everybody, rows = False, []
    for leaf in leaves(tree):
        if not _is_windowed(leaf):
            continue
        if _needs_everybody(leaf):
            everybody = everybody or local_day(since, zone) != local_day(until, zone)
            if not isinstance(leaf, Orders):
                continue
        rows += list(_near(leaf, since, until, zone))
    return everybody, rows


def candidates(tree: Group, since: datetime, until: datetime) -> Candidates:
    """The candidates of one tree for the time after `since` up to `until`."""
    everybody, near_rows = near(tree, since, until)
    found = Candidates(everybody)
    for rows, customer in near_rows:
        found.ids.update(rows.order_by().values_list(customer, flat=True).distinct().iterator(5000))
    return found


def _is_windowed(leaf: Leaf) -> bool:
    if isinstance(leaf, EventCount | EventMeasure | MessageCount | Orders | SegmentMoved):
        is_timed = isinstance(leaf, Orders) and leaf.test.op in RELATIVE
        return not leaf.window.is_ever or is_timed
    if isinstance(leaf, Sequence):
        return not leaf.window.is_ever or _waits(leaf)
    return isinstance(leaf, FieldIs | AttributeIs | EventTime) and leaf.test.op in RELATIVE


def _waits(leaf: Sequence) -> bool:
    """Whether it holds once a time has passed in which something did not happen."""
    return not leaf.steps[-1].did and leaf.steps[-1].minutes is not None


def _needs_everybody(leaf: Leaf) -> bool:
    if isinstance(leaf, AttributeIs):
        return leaf.test.type is FieldType.DATE or leaf.test.op in windows.ANNIVERSARIES
    return isinstance(leaf, FieldIs | EventTime | Orders) and leaf.test.op in windows.ANNIVERSARIES


def _near(leaf: Leaf, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    if isinstance(leaf, EventCount | EventMeasure | MessageCount):
        asked = leaf.counted if isinstance(leaf, MessageCount) else leaf
        for low, high in _ends(leaf.window, since, until, zone):
            yield _events(asked.name, low, high), "customer_id"
    elif isinstance(leaf, Sequence):
        yield from _near_sequence(leaf, since, until, zone)
    elif isinstance(leaf, SegmentMoved):
        for low, high in _ends(leaf.window, since, until, zone):
            rows = SegmentChange.objects.filter(segment=leaf.segment_id, changed_at__gte=low, changed_at__lte=high)
            yield rows.filter(entered=leaf.entered), "customer_id"
    elif isinstance(leaf, Orders):
        ends = list(_ends(leaf.window, since, until, zone))
        ends += _moved(leaf.test, since, until, zone) if leaf.test.op in RELATIVE else []
        for low, high in ends:
            days = {"local_day__gte": (low - timedelta(days=1)).date(), "local_day__lte": (high + timedelta(days=1)).date()}
            yield Order.objects.filter(placed_at__gte=low, placed_at__lte=high, **days), "customer_id"
    elif isinstance(leaf, EventTime):
        for low, high in _moved(leaf.test, since, until, zone):
            yield _events(leaf.name, low, high), "customer_id"
    elif isinstance(leaf, FieldIs):
        yield from _near_field(leaf, since, until, zone)
    elif isinstance(leaf, AttributeIs):
        yield from _near_attribute(leaf, since, until, zone)


def _events(name: str, low: datetime, high: datetime) -> QuerySet[Any]:
    return Event.objects.filter(name=name, occurred_at__gte=low, occurred_at__lte=high)


def _near_sequence(leaf: Sequence, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    """First steps that go out of the window, and last steps but one whose time to be followed has just run out."""
    for low, high in _ends(leaf.window, since, until, zone):
        yield _events(leaf.steps[0].name, low, high), "customer_id"
    if _waits(leaf):
        span = timedelta(minutes=leaf.steps[-1].minutes or 0)
        yield _events(leaf.steps[-2].name, since - span, until - span), "customer_id"


def _ends(window: Window, since: datetime, until: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of time whose events came into or went out of a window."""
    if window.is_ever:
        return
    if window.span is not None:
        yield since - window.span, until - window.span
        return
    # Fixed dates only ever grow towards `at`: an event dated ahead of time comes in when its moment comes.
    last = day_bounds(window.last, zone)[1] if window.last else until
    if since < last:
        yield since, until


def _moved(test: Test, since: datetime, until: datetime, zone: str) -> list[tuple[datetime, datetime]]:
    """The stretches in which a moment lies that came into or went out of what a test asks for."""
    if test.op in windows.ANNIVERSARIES:
        return []
    if test.op in windows.EXACT_DAYS:
        first, last = local_day(since, zone), local_day(until, zone)
        if first == last:
            return []
        days = timedelta(days=-test.value if test.op == "days_ago" else test.value)
        return [(day_bounds(first + days, zone)[0], day_bounds(last + days, zone)[1])]
    span = timedelta(days=test.value)
    if test.op == "in_next":
        return [(since + span, until + span), (since, until)]
    ends = [(since - span, until - span)]
    return [*ends, (since, until)] if test.op == "in_last" else ends


def _near_field(leaf: FieldIs, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    known = fields.get(leaf.field)
    source, value = source_of(known), known.value
    ends: list[tuple[Any, Any]] = list(_moved(leaf.test, since, until, zone))
    if known.type is FieldType.DATE:
        if local_day(since, zone) == local_day(until, zone):
            return
        one = timedelta(days=1)
        ends = [(local_day(low, zone) - one, local_day(high, zone) + one) for low, high in ends]
    for low, high in ends:
        yield source.rows.filter(**{f"{value}__gte": low, f"{value}__lte": high}), source.customer


def _near_attribute(leaf: AttributeIs, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    """Customers whose attribute tells a moment in one of the stretches."""
    for low, high in _moved(leaf.test, since, until, zone):
        yield Customer.objects.filter(predicates.told_within("attributes", leaf.key, low, high, zone)), "pk"
