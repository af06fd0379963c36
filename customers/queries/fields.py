"""The first floor's own segment fields: profile, orders, activity."""

from typing import Any

from django.db.models import BigIntegerField, ExpressionWrapper, F, FloatField, Func, Model, QuerySet
from django.db.models.functions import Round

from customers.enums import Market, Stage
from customers.models import Customer, CustomerFacts
from customers.ports.fields import Choices, Field, FieldType, register
from customers.rules import countries


def register_all() -> None:
    """Register every field; a condition on one reads one column of one table with a row per customer."""
    for key, label, kind in PROFILE:
        missing = None if kind in (FieldType.DATE, FieldType.DATETIME, FieldType.MONEY) else ""
        register(Field(f"customer.{key}", label, "Profile", kind, _profiles, "id", key, missing, CHOICES.get(key)))
    for key, label, group, kind, missing in FACTS:
        register(Field(f"customer.{key}", label, group, kind, _facts, "customer_id", key, missing))
    register(
        Field("customer.order_revenue_net", "Revenue after refunds", "Orders", T.MONEY, _worth, "customer_id", "net", 0)
    )
    register(Field("customer.order_gap_days", "Days between orders", "Orders", T.NUMBER, _rhythm, "customer_id", "gap"))


def _profiles() -> QuerySet[Model]:
    return Customer.objects.all()


def _facts() -> QuerySet[Model]:
    return CustomerFacts.objects.all()


def _worth() -> QuerySet[Model]:
    net = ExpressionWrapper(F("revenue_minor") - F("refunded_minor"), output_field=BigIntegerField())
    return CustomerFacts.objects.filter(pk__isnull=False).annotate(net=net)


class _DaysBetween(Func):
    """Days from one moment to another, with a fraction."""

    output_field = FloatField()
    template = "(julianday(%(expressions)s))"
    arg_joiner = ") - julianday("

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        template = "(EXTRACT(EPOCH FROM (%(expressions)s))::double precision / 86400)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ")


def _rhythm() -> QuerySet[Model]:
    """Customers with two orders or more, and the average number of days from one to the next."""
    days = _DaysBetween(F("last_order_at"), F("first_order_at"))
    rows = CustomerFacts.objects.filter(order_count__gte=2)
    return rows.annotate(gap=Round(days / (F("order_count") - 1), precision=1, output_field=FloatField()))


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
    ("acquisition_cost_minor", "Acquisition cost", T.MONEY),
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
