"""Variables of messages that the first floor offers: the customer, and the last order."""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from config.kit import clock
from customers.enums import Stage
from customers.models import Customer, Order
from customers.ports.merge import MergeContext, MergeSource, Values, Variable, register
from customers.queries import brand
from customers.rules import countries

PROFILE = [
    ("first_name", "First name", "Ana"),
    ("last_name", "Last name", "Lima"),
    ("email", "E-mail", "ana@example.com"),
    ("phone", "Phone", "+442079460018"),
    ("city", "City", "London"),
    ("company", "Company", "Lima Ltd"),
    ("industry", "Industry", "Retail"),
    ("persona", "Persona", "Gift buyer"),
    ("plan", "Plan", "Gold"),
    ("locale", "Language", "en"),
    ("external_id", "External id", "12345"),
]
CUSTOMER = (
    Variable("name", "Full name", "Ana Lima"),
    *(Variable(name, label, sample) for name, label, sample in PROFILE),
    Variable("country", "Country", "United Kingdom"),
    Variable("country_code", "Country code", "GB"),
    Variable("stage", "Stage", "Growing"),
    Variable("renews_on", "Renewal date", "2026-12-01"),
    Variable("since", "Customer since", "2025-03-16"),
    Variable("attributes", "Further attributes, as customer.attributes.name", "customer.attributes.shoe_size"),
)
ORDER = (
    Variable("last_number", "Number of the last order", "10025"),
    Variable("last_on", "Day of the last order", "2026-03-16"),
    Variable("count", "Number of orders", "3"),
)


def fetch_customers(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """Profile values by customer id; dates as ISO text, attributes as a dict."""
    found: dict[int, dict[str, Any]] = {}
    stages = {value: str(label) for value, label in Stage.choices}  # translated once, not once per person
    for customer in Customer.objects.filter(id__among=customer_ids):
        values: dict[str, Any] = {name: getattr(customer, name) or "" for name, _, _ in PROFILE}
        found[customer.pk] = values | {
            "name": customer.name,
            "country": countries.name(customer.country),
            "country_code": customer.country,
            "stage": stages.get(customer.stage, ""),
            "renews_on": customer.renews_on.isoformat() if customer.renews_on else "",
            "since": customer.created_at.date().isoformat(),
            "attributes": customer.attributes,
        }
    return found


def fetch_orders(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """The last order and their number by customer id; empty values for customers without orders."""
    zone = brand.current().timezone
    last = Order.objects.filter(customer=OuterRef("pk")).order_by("-placed_at", "-id")
    rows = Customer.objects.filter(id__among=customer_ids).annotate(
        last_number=Subquery(last.values("number")[:1]), last_at=Subquery(last.values("placed_at")[:1])
    )
    return {
        key: {
            "last_number": number or "",
            "last_on": clock.local_day(moment, zone).isoformat() if moment else "",
            "count": count or 0,
        }
        for key, number, moment, count in rows.values_list("id", "last_number", "last_at", "facts__order_count")
    }


def register_all() -> None:
    register(MergeSource("customer", "Customer", CUSTOMER, fetch_customers))
    register(MergeSource("order", "Orders", ORDER, fetch_orders))
