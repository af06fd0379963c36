"""Folding what batches held into the tracking plan, and noting what is not as planned."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from config.kit import sql
from customers.models import TrackedBatch, TrackedDay, TrackedEvent, TrackedProperty
from customers.tracking.actions import attributes
from customers.tracking.rules import kinds
from customers.tracking.rules.merging import Seen, joined

LIMIT = 500
MAX_NAMES = 5000
MAX_PROPERTIES = 300


def waiting(*, at: datetime) -> int:
    """Fold in the batches that wait, some hundred at a time; returns how many.

    One worker at a time; a batch's row goes in the transaction that counts it, so that it is counted once.
    """
    total = 0
    while True:
        with transaction.atomic():
            summaries = _take()
            if not summaries:
                return total
            _fold(summaries, at)
        total += len(summaries)


def _take() -> list[dict[str, Any]]:
    if not sql.try_lock("customers.tracking"):
        return []
    rows = list(TrackedBatch.objects.order_by("pk")[:LIMIT])
    TrackedBatch.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [row.summary for row in rows]


def _fold(summaries: list[dict[str, Any]], at: datetime) -> None:
    seen = joined(summary["events"] for summary in summaries)
    known = set(TrackedEvent.objects.filter(name__in=list(seen)).values_list("name", flat=True))
    room = MAX_NAMES - TrackedEvent.objects.count()
    new = [name for name in seen if name not in known]
    for name in new[max(room, 0) :]:
        del seen[name]
    _events(seen)
    _days(seen)
    _properties({name: found for name, found in seen.items() if found.properties or name in known}, at)
    people = sorted({pk for summary in summaries for pk in summary.get("people", [])})
    attributes.discover(people, at=at)


def _events(seen: dict[str, Seen]) -> None:
    sql.add_up(
        TrackedEvent, key=["name"], add=["count"], least=["first_seen_at"], greatest=["last_seen_at"],
        replace=["sample", "source"],
        rows=[
            (name, found.count, found.first, found.last, found.sample if found.sample is not None else {}, found.source)
            for name, found in seen.items()
        ],
        defaults={"status": "seen", "description": ""},
    )  # fmt: skip


def _days(seen: dict[str, Seen]) -> None:
    rows = [(name, date.fromisoformat(day), count) for name, found in seen.items() for day, count in found.days.items()]
    sql.add_up(TrackedDay, key=["name", "day"], add=["count"], rows=rows)


def _properties(seen: dict[str, Seen], at: datetime) -> None:
    stored: dict[str, dict[str, TrackedProperty]] = {}
    for row in TrackedProperty.objects.filter(event__in=[name for name in seen if name]):
        stored.setdefault(row.event, {})[row.name] = row
    new: list[TrackedProperty] = []
    changed: list[TrackedProperty] = []
    for name, found in seen.items():
        rows = stored.get(name, {})
        for key, types in found.properties.items():
            if key in rows:
                row = rows[key]
            else:
                if len(rows) >= MAX_PROPERTIES:
                    continue
                row = rows[key] = TrackedProperty(event=name, name=key, expected_type="null", first_seen_at=found.first)
                new.append(row)
            note(row, types, found.first, found.last)
        for row in rows.values():
            row.missing_count += found.count - _total(found.properties.get(row.name)) if row.is_required else 0
        changed += [row for row in rows.values() if row.pk and (row.name in found.properties or row.is_required)]
    write(new, changed)


def _total(types: dict[str, list[Any]] | None) -> int:
    return sum(item[0] for item in types.values()) if types else 0


def note(row: TrackedProperty, types: dict[str, list[Any]], first: datetime, last: datetime) -> None:
    """Count the types that were seen of one property; the first surprise is kept as a warning until staff clear it."""
    for kind, (count, example, source) in sorted(types.items(), key=lambda item: (-item[1][0], item[0])):
        row.types = {**row.types, kind: row.types.get(kind, 0) + count}
        row.count += count
        if not kinds.fits(kind, row.expected_type) and not (row.is_planned is False and _widens(kind, row)):
            _warn(row, kind, example, source, last)
        row.expected_type = kinds.widened(kind, row.expected_type) if not row.is_planned else row.expected_type
        row.example = example or row.example
    row.first_seen_at = min(row.first_seen_at or first, first)
    row.last_seen_at = max(row.last_seen_at or last, last)


def _widens(kind: str, row: TrackedProperty) -> bool:
    return kinds.widened(kind, row.expected_type) == kind


def _warn(row: TrackedProperty, kind: str, example: str, source: str, last: datetime) -> None:
    if row.warned_at is None:
        row.warned_at = last
        shown = f", such as “{example[:80]}”" if example else ""
        row.warning = f"Was {row.expected_type}, came as {kind}{shown}; from {source or 'an unknown source'}"[:300]


def write(new: Iterable[TrackedProperty], changed: Iterable[TrackedProperty]) -> None:
    """Store properties: new ones in one statement, changed ones in one."""
    TrackedProperty.objects.bulk_create(list(new), ignore_conflicts=True, batch_size=500)
    TrackedProperty.objects.bulk_update(list(changed), FIELDS, batch_size=500)


FIELDS = [
    "types", "count", "example", "expected_type", "first_seen_at", "last_seen_at", "warned_at", "warning", "missing_count",
]  # fmt: skip
