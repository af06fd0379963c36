"""Lists: segments whose members people name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from config.kit import sql
from customers.actions import audit
from customers.enums import ChangeCause, SegmentKind
from customers.models import Customer, Segment, SegmentMembership
from customers.segments.actions import changes
from customers.segments.queries.expressions import IdIn

LIMIT = 200_000
CHUNK = 5000
SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Named:
    """Customers whom a text names, and the words nobody goes by (the first hundred of them)."""

    customer_ids: tuple[int, ...]
    unknown_count: int
    unknown: tuple[str, ...]


def read(text: str) -> Named:
    """The customers whom a text names by e-mail address, external id, or number written as #123.

    Words are separated by spaces, commas, semicolons or lines; at most 200,000 are read. An address that several customers
    share names them all.
    """
    words = list(dict.fromkeys(word.strip("\"'") for word in SEPARATORS.split(text.replace("\x00", " ")) if word))[:LIMIT]
    ids: set[int] = set()
    unknown: list[str] = []
    for start in range(0, len(words), CHUNK):
        found = _known(words[start : start + CHUNK])
        for word in words[start : start + CHUNK]:
            ids.update(found.get(word.lower() if "@" in word else word, ()))
            if (word.lower() if "@" in word else word) not in found:
                unknown.append(word[:120])
    return Named(tuple(sorted(ids)), len(unknown), tuple(unknown[:100]))


def _known(words: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    addresses = [word.lower() for word in words if "@" in word]
    for customer_id, email in Customer.objects.filter(email__in=addresses).values_list("id", "email"):
        found.setdefault(email, []).append(customer_id)
    others = [word for word in words if "@" not in word]
    for customer_id, external in Customer.objects.filter(external_id__in=others).values_list("id", "external_id"):
        found.setdefault(str(external), []).append(customer_id)
    numbers = {word: int(word[1:]) for word in others if re.fullmatch(r"#[0-9]{1,15}", word)}
    existing = set(Customer.objects.filter(id__in=numbers.values()).values_list("id", flat=True))
    for word, number in numbers.items():
        if number in existing:
            found.setdefault(word, []).append(number)
    return found


def add(
    segment_id: int, customer_ids: Sequence[int], *, at: datetime, user_id: int | None = None, is_silent: bool = False
) -> int:
    """Put customers on a list; returns how many were new. `is_silent` keeps the first filling off the timeline."""
    with transaction.atomic():
        segment = _list(segment_id)
        known = _present(segment_id, customer_ids)
        entering = [i for i in dict.fromkeys(customer_ids) if i not in known]
        change = changes.move(segment, entering=entering, leaving=[], at=at, cause=ChangeCause.LIST, is_silent=is_silent)
        _note("segment.list_added", segment, change.entered, user_id, at)
    return change.entered


def remove(
    segment_id: int, customer_ids: Sequence[int], *, at: datetime, user_id: int | None = None, is_silent: bool = False
) -> int:
    """Take customers off a list; returns how many were on it. `is_silent` keeps it off the timeline."""
    with transaction.atomic():
        segment = _list(segment_id)
        leaving = sorted(_present(segment_id, customer_ids))
        change = changes.move(segment, entering=[], leaving=leaving, at=at, cause=ChangeCause.LIST, is_silent=is_silent)
        _note("segment.list_removed", segment, change.left, user_id, at)
    return change.left


def _list(segment_id: int) -> Segment:
    return sql.for_update(Segment.objects.filter(id=segment_id, kind=SegmentKind.STATIC)).get()


def _present(segment_id: int, customer_ids: Sequence[int]) -> set[int]:
    rows = SegmentMembership.objects.filter(IdIn(F("customer_id"), list(customer_ids)), segment_id=segment_id)
    return set(rows.values_list("customer_id", flat=True))


def _note(verb: str, segment: Segment, count: int, user_id: int | None, at: datetime) -> None:
    Segment.objects.filter(id=segment.id).update(updated_at=at, refreshed_at=at)
    audit.note(verb, subject=segment.name, user_id=user_id, at=at, detail={"customers": count})
