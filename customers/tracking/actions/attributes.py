"""Custom attributes of customers: found as profiles come in, counted in full once a night."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from config.kit import sql
from config.kit.clock import local_day
from customers.actions import heartbeat
from customers.models import Customer, JobRun, TrackedProperty
from customers.queries import brand
from customers.tracking.rules import kinds

NIGHTLY = "customers.count_attributes"
MAX_ATTRIBUTES = 1000
# Grain: one row per attribute and type, with how many customers have it and one value. One pass over the profiles.
POSTGRESQL = """
SELECT e.key, CASE WHEN jsonb_typeof(e.value) = 'number' AND e.value::text !~ '[.eE]' THEN 'integer'
                   WHEN jsonb_typeof(e.value) = 'string' AND e.value #>> '{}' ~ %s THEN 'date-time'
                   ELSE jsonb_typeof(e.value) END AS kind,
       COUNT(*), MAX(LEFT(e.value #>> '{}', 200)), MAX(c.updated_at)
FROM customers_customer c CROSS JOIN LATERAL jsonb_each(c.attributes) e
WHERE jsonb_typeof(c.attributes) = 'object'
GROUP BY e.key, kind ORDER BY COUNT(*) DESC LIMIT %s
"""
SQLITE = """
SELECT e.key, CASE WHEN e.type IN ('true', 'false') THEN 'boolean' WHEN e.type = 'real' THEN 'number'
                   WHEN e.type = 'text' AND (e.value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
                        OR e.value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]*')
                        THEN 'date-time'
                   WHEN e.type = 'text' THEN 'string' ELSE e.type END AS kind,
       COUNT(*), MAX(SUBSTR(e.value, 1, 200)), MAX(c.updated_at)
FROM customers_customer c, json_each(c.attributes) e
WHERE json_type(c.attributes) = 'object'
GROUP BY e.key, kind ORDER BY COUNT(*) DESC LIMIT %s
"""
MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$"


def discover(customer_ids: Sequence[int], *, at: datetime) -> None:
    """Note names and types of the attributes of these customers; how many have them is counted at night."""
    if not customer_ids:
        return
    found: dict[str, dict[str, Any]] = {}
    rows = Customer.objects.filter(pk__among=customer_ids).exclude(attributes={}).values_list("attributes", flat=True)
    for attributes in rows[:1000]:
        for name, value in attributes.items() if isinstance(attributes, dict) else ():
            found.setdefault(name[:120], {})[kinds.kind(value)] = value
    _note({name: {kind: (0, value) for kind, value in types.items()} for name, types in found.items()}, at)


def nightly(*, at: datetime) -> int | None:
    """Once per local day: count who has which attribute with which type; returns how many attributes there are."""
    period = local_day(at, brand.current().timezone).isoformat()
    with transaction.atomic():
        if not heartbeat.claim_period(NIGHTLY, period=period, at=at):
            return None
        count = scan(at=at)
        JobRun.objects.filter(job=NIGHTLY, period=period).update(finished_at=at, summary={"attributes": count})
    return count


def scan(*, at: datetime) -> int:
    """Count every attribute of every customer in one statement, and store it."""
    with connection.cursor() as cursor:
        if sql.is_postgresql():
            cursor.execute(POSTGRESQL, [MOMENT, MAX_ATTRIBUTES])
        else:
            cursor.execute(SQLITE, [MAX_ATTRIBUTES])
        rows = cursor.fetchall()
    found: dict[str, dict[str, tuple[int, Any]]] = {}
    for name, kind, count, value, _updated in rows:
        found.setdefault(name[:120], {})[kind] = (count, value)
    _note(found, at, is_full=True)
    return len(found)


def _note(found: dict[str, dict[str, tuple[int, Any]]], at: datetime, *, is_full: bool = False) -> None:
    """`is_full`: the counts are everybody's and replace what was counted before; what nobody has any more counts 0."""
    stored = {row.name: row for row in TrackedProperty.objects.filter(event="")}
    new, changed = [], []
    for name, types in found.items():
        row = stored.get(name)
        if row is None:
            if len(stored) >= MAX_ATTRIBUTES:
                continue
            row = stored[name] = TrackedProperty(event="", name=name, expected_type="null", first_seen_at=at)
            new.append(row)
        else:
            changed.append(row)
        row.last_seen_at = at
        if is_full:
            row.types, row.count = {}, 0
        _types(row, types, at)
    if is_full:
        for name, row in stored.items():
            if name not in found:
                row.types, row.count = {}, 0
                changed.append(row)
    TrackedProperty.objects.bulk_create(new, ignore_conflicts=True, batch_size=500)
    TrackedProperty.objects.bulk_update(changed, FIELDS, batch_size=500)


def _types(row: TrackedProperty, types: dict[str, tuple[int, Any]], at: datetime) -> None:
    for kind, (count, value) in sorted(types.items(), key=lambda item: (-item[1][0], item[0])):
        row.types = {**row.types, kind: row.types.get(kind, 0) + count}
        row.count += count
        shown = kinds.example(row.name, value)
        if not kinds.fits(kind, row.expected_type) and kinds.widened(kind, row.expected_type) != kind and not row.warned_at:
            example = f", such as “{shown[:80]}”" if shown else ""
            row.warned_at = at
            row.warning = f"Is {row.expected_type} for most customers, {kind} for some{example}"[:300]
        row.expected_type = row.expected_type if row.is_planned else kinds.widened(kind, row.expected_type)
        row.example = shown or row.example


FIELDS = ["types", "count", "example", "expected_type", "last_seen_at", "warned_at", "warning"]
