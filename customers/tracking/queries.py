"""Reads of the tracking plan."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.enums import PlanStatus
from customers.models import TrackedBatch, TrackedDay, TrackedEvent, TrackedProperty
from customers.ports import event_types, event_uses
from customers.ports.jobs import Due
from customers.ports.segment_uses import Use
from customers.segments.queries import index

BLOCKED = "tracking:blocked"
BLOCKED_SECONDS = 10
DAYS = 30


def tabs(current: str) -> list[dict[str, Any]]:
    """The three pages of the plan; the list of Perennial's own events is one of them."""
    pages = [
        ("events", _("Your events"), reverse("customers:tracking-list")),
        ("attributes", _("Customer attributes"), reverse("customers:tracking-attributes")),
        ("own", _("Recorded by Perennial"), reverse("customers:event-list")),
    ]
    return [{"label": label, "url": url, "is_current": key == current} for key, label, url in pages]


def blocked_names() -> frozenset[str]:
    """Names of events that staff refuse at intake; a change is heard within ten seconds everywhere."""
    names: frozenset[str] | None = cache.get(BLOCKED)
    if names is None:
        found = TrackedEvent.objects.filter(status=PlanStatus.BLOCKED).values_list("name", flat=True)
        names = frozenset(found)
        cache.set(BLOCKED, names, BLOCKED_SECONDS)
    return names


def attribute_types() -> dict[str, str]:
    """Custom attributes by name with their JSON type, as planned or as seen most: "string", "integer", "date-time" …"""
    found = TrackedProperty.objects.filter(event="").exclude(count=0, is_planned=False, types={})
    return dict(found.order_by("name").values_list("name", "expected_type")[:1000])


def batches_due(at: datetime) -> Due:
    """Batches of events that are not in the plan yet."""
    return Due(TrackedBatch.objects.count(), None)


def warning_count() -> int:
    """Properties and attributes whose type changed, until staff clear them."""
    return TrackedProperty.objects.filter(warned_at__isnull=False).count()


def own_events() -> QuerySet[TrackedEvent]:
    """The company's events: every name but Perennial's own."""
    return TrackedEvent.objects.exclude(name__in=[item.name for item in event_types.all()])


def attributes() -> QuerySet[TrackedProperty]:
    """Custom attributes of customers, warnings first."""
    return TrackedProperty.objects.filter(event="").order_by(F("warned_at").desc(nulls_last=True), "-count", "name")


def figures(names: Sequence[str]) -> dict[str, Any]:
    """Warnings, properties and missing required ones by event name; one query."""
    rows = TrackedProperty.objects.filter(event__in=names).order_by().values("event")
    found = rows.annotate(
        warnings=Count("id", filter=Q(warned_at__isnull=False)), properties=Count("id"),
        missing=Sum("missing_count", filter=Q(is_required=True), default=0),
    )  # fmt: skip
    return {row["event"]: row for row in found}


def by_day(names: Sequence[str], today: date) -> dict[str, list[int]]:
    """Counts of the last 30 days by event name, oldest first; one query."""
    first = today - timedelta(days=DAYS - 1)
    found = {name: [0] * DAYS for name in names}
    for name, day, count in TrackedDay.objects.filter(name__in=names, day__gte=first, day__lte=today).values_list(
        "name", "day", "count"
    ):
        found[name][(day - first).days] = count
    return found


def uses(name: str) -> list[Use]:
    """What names an event: segments by their rules, and what other apps start when it happens."""
    found = [
        Use("Segment", live.name, reverse("customers:segment-detail", args=[live.id]))
        for live in index.readable()
        if name in live.names
    ]
    return [*found, *event_uses.of([name])[name]]


def plan() -> dict[str, Any]:
    """The plan as a JSON document; `docs/customers.md` describes its shape."""
    stored: dict[str, dict[str, Any]] = {}
    for row in TrackedProperty.objects.order_by("event", "name"):
        stored.setdefault(row.event, {})[row.name] = {
            "type": row.expected_type, "planned": row.is_planned, "required": row.is_required,
            "description": row.description,
        }  # fmt: skip
    events = {
        row.name: {"status": row.status, "description": row.description, "properties": stored.get(row.name, {})}
        for row in own_events().order_by("name")
    }
    return {"version": 1, "events": events, "attributes": stored.get("", {})}
