"""The first floor's own segment fields: profile, orders, activity."""

from typing import Any

from django.db.models import Model, QuerySet

from customers.enums import Market, Stage
from customers.models import Customer, CustomerFacts
from customers.ports.fields import Choices, Field, FieldType, register
from customers.rules import countries


def register_all() -> None:
    """Register every field; a condition on one reads one column of one table with a row per customer."""
    for key, label, kind in PROFILE:
        missing = None if kind in (FieldType.DATE, FieldType.DATETIME) else ""
        register(Field(f"customer.{key}", label, "Profile", kind, _profiles, "id", key, missing, CHOICES.get(key)))
    for key, label, group, kind, missing in FACTS:
        register(Field(f"customer.{key}", label, group, kind, _facts, "customer_id", key, missing))


def _profiles() -> QuerySet[Model]:
    return Customer.objects.all()


def _facts() -> QuerySet[Model]:
    return CustomerFacts.objects.all()


def _seen(column: str) -> Choices:
    """Values that occur in a column, at most 200: a loose index walk would be needed for more."""

    def choices() -> list[tuple[str, str]]:
        values = Customer.objects.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()
        return [(value, value) for value in values[:200]]

    return choices


def _countries() -> list[tuple[str, str]]:
    return sorted(countries.NAMES.items(), key=lambda item: item[1])


def _labels(choices: Any) -> Choices:
    return lambda: [(str(value), str(label)) for value, label in choices.choices]


T = FieldType
PROFILE = [
    ("email", "E-mail", T.TEXT),
    ("phone", "Phone", T.TEXT),
    ("first_name", "First name", T.TEXT),
    ("last_name", "Last name", T.TEXT),
    ("external_id", "External id", T.TEXT),
    ("country", "Country", T.CHOICE),
    ("city", "City", T.TEXT),
    ("locale", "Language", T.TEXT),
    ("timezone", "Time zone", T.TEXT),
    ("currency", "Currency", T.TEXT),
    ("company", "Company", T.TEXT),
    ("industry", "Industry", T.CHOICE),
    ("market", "Market", T.CHOICE),
    ("persona", "Persona", T.CHOICE),
    ("plan", "Plan", T.CHOICE),
    ("stage", "Stage", T.CHOICE),
    ("acquisition_channel", "Acquisition channel", T.CHOICE),
    ("acquired_on", "Acquired on", T.DATE),
    ("born_on", "Birthday", T.DATE),
    ("renews_on", "Renewal date", T.DATE),
    ("created_at", "Customer since", T.DATETIME),
    ("updated_at", "Profile changed", T.DATETIME),
]
FACTS: list[tuple[str, str, str, FieldType, Any]] = [
    ("order_count", "Number of orders", "Orders", T.NUMBER, 0),
    ("revenue_minor", "Revenue", "Orders", T.MONEY, 0),
    ("refunded_minor", "Refunded", "Orders", T.MONEY, 0),
    ("first_order_at", "First order", "Orders", T.DATETIME, None),
    ("last_order_at", "Last order", "Orders", T.DATETIME, None),
    ("event_count", "Number of events", "Activity", T.NUMBER, 0),
    ("first_seen_at", "First seen", "Activity", T.DATETIME, None),
    ("last_seen_at", "Last seen", "Activity", T.DATETIME, None),
]
CHOICES: dict[str, Choices] = {
    "country": _countries,
    "market": _labels(Market),
    "stage": _labels(Stage),
    "industry": _seen("industry"),
    "persona": _seen("persona"),
    "plan": _seen("plan"),
    "acquisition_channel": _seen("acquisition_channel"),
}
