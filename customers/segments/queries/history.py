"""What a segment was: versions of its rules, and who entered and left when and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import SequenceMatcher
from itertools import pairwise

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.dateparse import parse_datetime

from config.kit.clock import day_bounds, zone
from customers.models import Customer, SegmentChange, SegmentMembership, SegmentVersion
from customers.queries import brand
from customers.segments.queries import run, words
from customers.segments.queries.expressions import InSet
from customers.segments.queries.words import Line
from customers.segments.rules.parse import BadDefinition, parse
from customers.segments.rules.tree import Group, Match

SHOWN = 50


def version_at(segment_id: int, at: datetime) -> SegmentVersion | None:
    """The version of the rules that was the saved one at a moment; None before the first, and for lists."""
    rows = SegmentVersion.objects.filter(segment=segment_id, saved_at__lte=at)
    return rows.select_related("saved_by").order_by("-version").first()


def changes(segment_id: int, since: datetime, until: datetime) -> QuerySet[SegmentChange]:
    """Entries and exits from `since` up to before `until`, oldest first."""
    return SegmentChange.objects.filter(segment=segment_id, changed_at__gte=since, changed_at__lt=until).order_by("id")


def moving(tree: Group, segment_id: int, at: datetime) -> tuple[QuerySet[Customer], QuerySet[Customer]]:
    """Who would enter and who would leave a segment if it had these rules at `at`."""
    found = run.compiled(tree, at)
    member = Exists(SegmentMembership.objects.filter(segment=segment_id, customer=OuterRef("pk")))
    matches = Q(InSet(F("pk"), found.text, found.params))
    return Customer.objects.filter(matches, ~member), Customer.objects.filter(~matches, member)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of rules in words, `depth` groups deep; `sign` is "+" for new and "-" for gone since the version before."""

    text: str
    depth: int
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A version in words; `lines` also hold what went away. No lines: the rules cannot be read any more."""

    version: SegmentVersion
    lines: list[Said] = field(default_factory=list)
    is_first: bool = False
    is_current: bool = False


def versions(segment_id: int, current: int, limit: int = 30) -> list[Saved]:
    """The latest versions, newest first, each with its difference to the one before; the names in one look-up."""
    rows = SegmentVersion.objects.filter(segment=segment_id).select_related("saved_by").order_by("-version")
    found = list(rows[: limit + 1])
    trees = {row.version: _tree(row.definition) for row in found}
    known = words.names(Group(Match.ANY, tuple(tree for tree in trees.values() if tree is not None)))
    said = {number: _said(words.line(tree, known)) if tree else [] for number, tree in trees.items()}
    older = {row.version: before.version for row, before in pairwise(found)}
    return [
        Saved(
            row,
            _difference(said[older[row.version]], said[row.version]) if row.version in older else said[row.version],
            is_first=row.version not in older,
            is_current=row.version == current,
        )
        for row in found[:limit]
    ]


def _tree(definition: object) -> Group | None:
    try:
        return parse(definition)
    except BadDefinition:
        return None


def _said(line: Line, depth: int = 0) -> list[Said]:
    return [Said(line.text, depth), *(below for rule in line.rules for below in _said(rule, depth + 1))]


def _difference(before: Sequence[Said], after: Sequence[Said]) -> list[Said]:
    found: list[Said] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found += after[c:d]
            continue
        found += [Said(line.text, line.depth, "-") for line in before[a:b]]
        found += [Said(line.text, line.depth, "+") for line in after[c:d]]
    return found


@dataclass(slots=True)
class Day:
    """Entries and exits of a day by cause, most first."""

    day: date
    entered: int = 0
    left: int = 0
    causes: list[tuple[bool, str, int]] = field(default_factory=list)


def by_day(segment_id: int, first: date, last: date) -> list[Day]:
    """Days on which somebody entered or left, newest first, in one query over the index (segment, changed_at)."""
    name = brand.current().timezone
    rows = changes(segment_id, day_bounds(first, name)[0], day_bounds(last, name)[1]).order_by()
    days: dict[date, Day] = {}
    grouped = rows.annotate(day=TruncDate("changed_at", tzinfo=zone(name))).values_list("day", "entered", "cause")
    for day, entered, cause, count in grouped.annotate(count=Count("id")).order_by("-count"):
        found = days.setdefault(day, Day(day))
        found.entered += count if entered else 0
        found.left += 0 if entered else count
        found.causes.append((entered, cause, count))
    return sorted(days.values(), key=lambda item: item.day, reverse=True)


@dataclass(frozen=True, slots=True)
class Moves:
    """Entries and exits, newest first, and the cursor of the next page (empty at the end)."""

    rows: list[SegmentChange]
    cursor: str


def moves(
    segment_id: int, *, customer_id: int | None = None, day: date | None = None, cursor: str = "", size: int = SHOWN
) -> Moves:
    """One page of entries and exits, of one customer or one local day.

    The cursor is the last row's moment and id, for a fill moves hundreds of thousands at one moment: the index (segment,
    changed_at, id) gives each page without sorting. A bad cursor starts anew.
    """
    rows = SegmentChange.objects.filter(segment=segment_id).select_related("customer")
    if day is not None:
        start, end = day_bounds(day, brand.current().timezone)
        rows = rows.filter(changed_at__gte=start, changed_at__lt=end)
    rows = rows.filter(customer=customer_id) if customer_id else rows
    moment, last_id = _cursor(cursor)
    if moment:
        rows = rows.filter(Q(changed_at__lt=moment) | Q(changed_at=moment, id__lt=last_id), changed_at__lte=moment)
    found = list(rows.order_by("-changed_at", "-id")[: size + 1])
    shown = found[:size]
    return Moves(shown, f"{shown[-1].changed_at.isoformat()}_{shown[-1].id}" if len(found) > size else "")


def _cursor(text: str) -> tuple[datetime | None, int]:
    moment, _bar, last_id = text.partition("_")
    try:
        at = parse_datetime(moment)
    except ValueError:
        at = None
    is_number = last_id.isascii() and last_id.isdigit() and len(last_id) < 19
    if at is None or at.tzinfo is None or not 1970 <= at.year <= 2200 or not is_number:
        return None, 0
    return at, int(last_id)
