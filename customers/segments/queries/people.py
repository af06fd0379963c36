"""The people of a segment as a list: now or at a past moment, all or those whom a search finds, a page at a time.

Pages go by the customer's id after a cursor, so the last page of 700,000 members costs what the first one does: now by the
unique key (segment, customer); then by that key without those who changed since, merged with those whose first change
since is that they left (index (segment, changed_at)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from customers.models import Customer, Segment, SegmentChange, SegmentMembership
from customers.queries import search

SIZE = 50
FOUND = 500  # hits of a search that are paged
LATEST = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose list: a segment's members now, or at a moment; with `text` only those whom the search finds."""

    segment_id: int
    at: datetime | None = None
    text: str = ""

    @property
    def key(self) -> str:
        """The list in one text, for the criteria of an export: "12", "12@2026-03-01T00:00:00+00:00", "12@|ana"."""
        moment = self.at.isoformat() if self.at else ""
        return f"{self.segment_id}@{moment}|{self.text}" if moment or self.text else str(self.segment_id)


def read(key: str) -> Wanted:
    """What `Wanted.key` wrote. Raises `ValueError` for anything else."""
    number, _at, rest = key.partition("@")
    moment, _bar, text = rest.partition("|")
    at = parse_datetime(moment) if moment else None
    if moment and (at is None or at.tzinfo is None):
        raise ValueError(f"{key[:60]!r} names no moment")
    return Wanted(int(number), at, text)


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the list; `entered_at` is None when the entry is older than the history."""

    customer: Customer
    entered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Members by id; `after` leads to the next page, 0 at the end. `is_capped`: the search found more than are paged."""

    members: list[Member]
    after: int
    is_capped: bool = False


def page(wanted: Wanted, *, after: int = 0, size: int = SIZE) -> Page:
    """One page of a list, at most five queries. Raises `sql.TookTooLong` when a search finds too many."""
    is_capped = False
    if wanted.text:
        hits = sorted(search.first(customers(wanted), wanted.text, FOUND + 1))
        is_capped = len(hits) > FOUND
        ids = [pk for pk in hits[:FOUND] if pk > after][: size + 1]
    elif wanted.at is None:
        rows = SegmentMembership.objects.filter(segment=wanted.segment_id, customer_id__gt=after)
        ids = list(rows.order_by("customer_id").values_list("customer_id", flat=True)[: size + 1])
    else:
        ids = _then(wanted.segment_id, wanted.at, after, size + 1)
    shown = ids[:size]
    return Page(_members(wanted, shown), shown[-1] if len(ids) > size else 0, is_capped)


def customers(wanted: Wanted) -> QuerySet[Customer]:
    """Everybody on the list, for exports and copies: asked customer by customer, so in chunks by id it stays flat."""
    rows = Customer.objects.filter(search.matching(wanted.text)) if wanted.text else Customer.objects.all()
    member = SegmentMembership.objects.filter(segment=wanted.segment_id, customer=OuterRef("pk"))
    if wanted.at is None:
        return rows.filter(Exists(member))
    later = SegmentChange.objects.filter(segment=wanted.segment_id, customer=OuterRef("pk"), changed_at__gt=wanted.at)
    moved = rows.annotate(moved=Subquery(later.order_by("id").values("entered")[:1]))
    return moved.filter(Q(moved=False) | Q(Exists(member), moved__isnull=True))


def size(segment: Segment, at: datetime) -> int:
    """How many were in at a past moment: today's number without what came and with what went since."""
    since = SegmentChange.objects.filter(segment=segment, changed_at__gt=at)
    moved = since.aggregate(came=Count("id", filter=Q(entered=True)), went=Count("id", filter=Q(entered=False)))
    return max(segment.member_count - moved["came"] + moved["went"], 0)


def known_since(segment_id: int) -> datetime | None:
    """The moment of the segment's first change: before it nobody knows who was in."""
    return (
        SegmentChange.objects.filter(segment=segment_id).order_by("changed_at").values_list("changed_at", flat=True).first()
    )


def was_in(segment_id: int, customer_id: int, at: datetime) -> bool | None:
    """Whether the history says that a customer was a member at a moment; None before the history begins."""
    first = known_since(segment_id)
    is_member = SegmentMembership.objects.filter(segment=segment_id, customer=customer_id)
    if first is None:
        return True if is_member.filter(entered_at__lte=at).exists() else None
    if at < first:
        return None
    later = SegmentChange.objects.filter(segment=segment_id, customer=customer_id, changed_at__gt=at).order_by("id")
    entered = later.values_list("entered", flat=True).first()
    return is_member.exists() if entered is None else not entered


def newest(segment_id: int, limit: int = 10) -> list[SegmentMembership]:
    """The latest to enter who are still in, of the last 200 entries, with their customers."""
    entries = SegmentChange.objects.filter(segment=segment_id, entered=True).order_by("-changed_at")
    rows = SegmentMembership.objects.filter(segment=segment_id).select_related("customer__facts")
    latest = rows.filter(customer__in=entries.values("customer")[:LATEST]).order_by("-entered_at", "-id")
    return list(latest[:limit]) or list(rows.order_by("customer_id")[:limit])  # or members from before the history


def _then(segment_id: int, at: datetime, after: int, limit: int) -> list[int]:
    """Ids of the first members of a past moment behind `after`: who stayed as they were, and who left since."""
    changes = SegmentChange.objects.filter(segment=segment_id, changed_at__gt=at)
    mine = changes.filter(customer=OuterRef("customer"))
    stayed = SegmentMembership.objects.filter(~Exists(mine), segment=segment_id, customer_id__gt=after)
    gone = changes.filter(~Exists(mine.filter(id__lt=OuterRef("id"))), entered=False, customer_id__gt=after)
    found = [*_first(stayed, limit), *_first(gone, limit)]
    return sorted(set(found))[:limit]


def _first(rows: "QuerySet[SegmentMembership] | QuerySet[SegmentChange]", limit: int) -> list[int]:
    return list(rows.order_by("customer_id").values_list("customer_id", flat=True)[:limit])


def _members(wanted: Wanted, ids: Sequence[int]) -> list[Member]:
    people = Customer.objects.filter(pk__in=ids).select_related("facts")
    if wanted.at is None:
        rows = SegmentMembership.objects.filter(segment=wanted.segment_id, customer__in=ids)
        entered = dict(rows.values_list("customer_id", "entered_at"))
    else:
        entries = SegmentChange.objects.filter(
            segment=wanted.segment_id, customer__in=ids, entered=True, changed_at__lte=wanted.at
        )
        entered = dict(entries.order_by().values_list("customer_id").annotate(last=Max("changed_at")))
    return [Member(customer, entered.get(customer.pk)) for customer in sorted(people, key=lambda found: found.pk)]
