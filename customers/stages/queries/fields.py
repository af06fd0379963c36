"""Fields of stages, personas and usage for segments, lists and exports."""

from django.db.models import Model, QuerySet

from customers.enums import Stage, UsageLevel
from customers.models import Customer, CustomerStanding
from customers.ports.fields import Choices, Field, FieldType, register


def register_all() -> None:
    """Each reads one column of the customer's standing, or of the profile."""
    for key, label, group, kind, column, missing, choices in STANDING:
        register(Field(key, label, group, kind, _standings, "customer_id", column, missing, choices))
    register(
        Field(
            "customer.usage_level",
            "Product usage",
            "Profile",
            FieldType.CHOICE,
            _profiles,
            "id",
            "usage_level",
            "",
            _levels,
        )
    )


def _standings() -> QuerySet[Model]:
    return CustomerStanding.objects.all()


def _profiles() -> QuerySet[Model]:
    return Customer.objects.all()


def _stages() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Stage.choices]


def _levels() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in UsageLevel.choices]


T = FieldType
STANDING: list[tuple[str, str, str, FieldType, str, object, Choices | None]] = [
    ("stage.since", "At this journey stage since", "Journey stage", T.DATETIME, "stage_since", None, None),
    ("stage.previous", "Journey stage before", "Journey stage", T.CHOICE, "previous_stage", "", _stages),
    ("stage.returned_at", "Came back after a long break", "Journey stage", T.DATETIME, "returned_at", None, None),
    ("stage.break_days", "Days away before coming back", "Journey stage", T.NUMBER, "break_days", 0, None),
    ("persona.all", "All personas", "Profile", T.TEXT, "all_personas", "", None),
    ("usage.active_days", "Active days in the usage window", "Activity", T.NUMBER, "active_days", 0, None),
    ("usage.last_active_on", "Last active day in the usage window", "Activity", T.DATE, "last_active_on", None, None),
]
