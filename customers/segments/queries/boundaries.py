"""Who may change sides only because time passed between two moments.

Each leaf with a relative window names its candidates: customers with an event, an order or a date near one of the
window's ends. They are a superset: every candidate is evaluated again. Leaves whose answer changes with the day of the
year or of a text (anniversaries, dates in attributes) have no cheap candidates and ask for everybody once per day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from config.kit.clock import day_bounds, local_day
from customers.models import Event, Order
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.queries import brand
from customers.segments.queries.leaves.people import source_of
from customers.segments.rules.tree import (
    AttributeIs,
    EventCount,
    EventTime,
    FieldIs,
    Group,
    Leaf,
    Orders,
    Test,
    Window,
    leaves,
)

RELATIVE = ("in_last", "more_ago", "in_next", "anniversary_next")


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
    if isinstance(leaf, EventCount | Orders):
        return not leaf.window.is_ever
    return isinstance(leaf, FieldIs | AttributeIs | EventTime) and leaf.test.op in RELATIVE


def _needs_everybody(leaf: Leaf) -> bool:
    return isinstance(leaf, AttributeIs) or (isinstance(leaf, FieldIs | EventTime) and leaf.test.op == "anniversary_next")


def _near(leaf: Leaf, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    if isinstance(leaf, EventCount):
        for low, high in _ends(leaf.window, since, until, zone):
            yield Event.objects.filter(name=leaf.name, occurred_at__gte=low, occurred_at__lte=high), "customer_id"
    elif isinstance(leaf, Orders):
        for low, high in _ends(leaf.window, since, until, zone):
            days = {"local_day__gte": (low - timedelta(days=1)).date(), "local_day__lte": (high + timedelta(days=1)).date()}
            yield Order.objects.filter(placed_at__gte=low, placed_at__lte=high, **days), "customer_id"
    elif isinstance(leaf, EventTime):
        low, high = _moved(leaf.test, since, until)
        yield Event.objects.filter(name=leaf.name, occurred_at__gte=low, occurred_at__lte=high), "customer_id"
    elif isinstance(leaf, FieldIs):
        yield from _near_field(leaf, since, until, zone)


def _ends(window: Window, since: datetime, until: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of time whose events came into or went out of a window."""
    if window.days is not None:
        span = timedelta(days=window.days)
        yield since - span, until - span
        return
    # Fixed dates only ever grow towards `at`: an event dated ahead of time comes in when its moment comes.
    last = day_bounds(window.last, zone)[1] if window.last else until
    if since < last:
        yield since, until


def _moved(test: Test, since: datetime, until: datetime) -> tuple[datetime, datetime]:
    span = timedelta(days=test.value)
    return (since + span, until + span) if test.op == "in_next" else (since - span, until - span)


def _near_field(leaf: FieldIs, since: datetime, until: datetime, zone: str) -> Iterator[tuple[QuerySet[Any], str]]:
    known = fields.get(leaf.field)
    source = source_of(known)
    value = known.value
    ends: list[tuple[Any, Any]] = [_moved(leaf.test, since, until)]
    if leaf.test.op in ("in_next", "in_last"):
        ends.append((since, until))
    if known.type is FieldType.DATE:
        first, last = local_day(since, zone), local_day(until, zone)
        if first == last:
            return
        one = timedelta(days=1)
        ends = [(local_day(low, zone) - one, local_day(high, zone) + one) for low, high in ends]
    for low, high in ends:
        yield source.rows.filter(**{f"{value}__gte": low, f"{value}__lte": high}), source.customer
