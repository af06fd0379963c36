"""What staff say about events and properties: planned, blocked, expected types; and whole plans from a file."""

from datetime import datetime

from django.core.cache import cache
from django.db import transaction

from customers.actions import audit
from customers.models import TrackedEvent, TrackedProperty
from customers.ports import event_types
from customers.tracking.queries import BLOCKED
from customers.tracking.rules.plan_file import NotAPlan, Plan, PlannedProperty


def describe(event: TrackedEvent, *, status: str, description: str, user_id: int | None, at: datetime) -> None:
    """Set the status and description of an event; a blocked one is refused at intake from now on."""
    with transaction.atomic():
        before = TrackedEvent.objects.values_list("status", flat=True).get(pk=event.pk)
        TrackedEvent.objects.filter(pk=event.pk).update(status=status, description=description)
        if status != before:
            audit.note(f"event.{status}", subject=event.name, user_id=user_id, at=at)
        transaction.on_commit(lambda: cache.delete(BLOCKED))


def expect(row: TrackedProperty, wanted: PlannedProperty, *, user_id: int | None, at: datetime) -> None:
    """Set what is expected of a property; its warning is cleared by another type, or by planning the type it has."""
    with transaction.atomic():
        values: dict[str, object] = {
            "is_planned": wanted.planned, "is_required": wanted.required, "description": wanted.description,
            "expected_type": wanted.type,
        }  # fmt: skip
        if wanted.type != row.expected_type or (wanted.planned and not row.is_planned):
            values |= {"warned_at": None, "warning": ""}
        if wanted.required and not row.is_required:
            values["missing_count"] = 0
        TrackedProperty.objects.filter(pk=row.pk).update(**values)
        audit.note("property.planned", subject=f"{row.event or 'customer'}.{row.name}", user_id=user_id, at=at)


def clear(row: TrackedProperty, *, user_id: int | None, at: datetime) -> None:
    """Take a warning away; the next value of another type raises it again."""
    with transaction.atomic():
        TrackedProperty.objects.filter(pk=row.pk).update(warned_at=None, warning="")
        audit.note("property.warning_cleared", subject=f"{row.event or 'customer'}.{row.name}", user_id=user_id, at=at)


def upload(plan: Plan, *, user_id: int | None, at: datetime) -> tuple[int, int]:
    """Make a file's plan the plan: what it names is set, what it does not name stays. Returns events and properties set.

    Raises `NotAPlan` when it names an event of Perennial itself.
    """
    own = sorted(name for name in plan.events if event_types.has(name))
    if own:
        raise NotAPlan(f"“{own[0]}” is recorded by Perennial itself and cannot be planned.")
    with transaction.atomic():
        TrackedEvent.objects.bulk_create(
            [
                TrackedEvent(name=name, status=item.status, description=item.description)
                for name, item in plan.events.items()
            ],
            update_conflicts=True, unique_fields=["name"], update_fields=["status", "description"], batch_size=500,
        )  # fmt: skip
        wanted = [("", name, item) for name, item in plan.attributes.items()]
        wanted += [(event, name, item) for event, found in plan.events.items() for name, item in found.properties.items()]
        TrackedProperty.objects.bulk_create(
            [_row(event, name, item) for event, name, item in wanted],
            update_conflicts=True, unique_fields=["event", "name"], batch_size=500,
            update_fields=["expected_type", "is_planned", "is_required", "description"],
        )  # fmt: skip
        audit.note("plan.uploaded", subject=f"{len(plan.events)} events", user_id=user_id, at=at)
        transaction.on_commit(lambda: cache.delete(BLOCKED))
    return len(plan.events), len(wanted)


def _row(event: str, name: str, item: PlannedProperty) -> TrackedProperty:
    return TrackedProperty(
        event=event, name=name, expected_type=item.type, is_planned=item.planned, is_required=item.required,
        description=item.description,
    )  # fmt: skip
