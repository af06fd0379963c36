"""The lists of the first floor as rows of files. Amounts are in major units; what can be imported has those columns."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from config.kit.money import exponent
from customers.exports.queries import attributes
from customers.exports.queries.files import amount
from customers.exports.queries.keyset import chunks, plain, within
from customers.models import (
    Consent,
    ConsentChange,
    Customer,
    CustomerFacts,
    Event,
    ExchangeRate,
    Identity,
    ImportProblem,
    Order,
    OrderLine,
    Product,
    Refund,
    Subscription,
    SubscriptionChange,
    Suppression,
)
from customers.ports.exports import Criteria, Row
from customers.queries import brand
from customers.segments.queries import people as segment_people

PROFILE = (
    "external_id", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "city", "currency",
    "company", "industry", "market", "persona", "plan", "stage", "usage_level", "acquisition_channel",
    "acquisition_cost_minor", "acquired_on", "born_on", "renews_on", "created_at",
)  # fmt: skip
TITLES = {"acquisition_cost_minor": "acquisition_cost", "stage": "figure.stage"}
# For reading only: an import leaves columns out whose names begin like this.
FIGURES = ("figure.order_count", "figure.revenue", "figure.refunded", "figure.last_order_at", "figure.last_seen_at")
FACTS = ("order_count", "revenue_minor", "refunded_minor", "last_order_at", "last_seen_at")


def customers(criteria: Criteria) -> Iterator[Row]:
    """Everybody, by the day on which they became a customer."""
    return customer_rows(within(Customer.objects.all(), "created_at", criteria))


def members(criteria: Criteria) -> Iterator[Row]:
    """The customers of a segment, now or at a moment, all or those whom a search finds: see `segments.queries.people`."""
    return customer_rows(segment_people.customers(segment_people.read(criteria.choice)))


def customer_rows(rows: "QuerySet[Customer]") -> Iterator[Row]:
    """Any customers as the customers file has them: profile, further attributes, and figures for reading."""
    currency = brand.current().currency
    typed = attributes.types()
    further = [f"attribute.{kind}.{name}" for name, kind in typed.items()]
    yield [*(TITLES.get(name, name) for name in PROFILE), *further, *FIGURES]
    cost = 1 + PROFILE.index("acquisition_cost_minor")
    for part in chunks(rows, (*PROFILE, "attributes")):
        facts = _facts([row[0] for row in part])
        for row in part:
            count, revenue, refunded, ordered, seen = facts.get(row[0], (0, 0, 0, None, None))
            found = row[-1]
            yield [
                *row[1:cost], amount(row[cost], currency), *row[cost + 1 : -1], *(found.get(name) for name in typed),
                count, amount(revenue, currency), amount(refunded, currency), ordered, seen,
            ]  # fmt: skip


def _facts(ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    rows = CustomerFacts.objects.filter(customer__among=ids).values_list("customer_id", *FACTS)
    return {row[0]: row[1:] for row in rows}


def products(criteria: Criteria) -> Iterator[Row]:
    return plain(Product.objects.all(), ("sku", "name", "category"))


def orders(criteria: Criteria) -> Iterator[Row]:
    """One row per order, for reading and adding up; amounts in the account's currency beside what was charged."""
    yield [
        "order_number", "customer_id", "email", "placed_at", "state", "currency", "total", "discount", "refunded",
        "charged", "charged_currency", "rate", "source",
    ]  # fmt: skip
    fields = (
        "number", "customer__external_id", "customer__email", "placed_at", "state", "currency", "total_minor",
        "discount_minor", "refunded_minor", "charged_minor", "charged_currency", "rate", "source",
    )  # fmt: skip
    for part in chunks(within(Order.objects.all(), "placed_at", criteria), fields):
        for row in part:
            currency = row[6]
            yield [
                *row[1:7], *(amount(value, currency) for value in row[7:10]), amount(row[10],
        row[11] or currency), *row[11:],
            ]  # fmt: skip


def order_lines(criteria: Criteria) -> Iterator[Row]:
    """One row per line, as the orders file has it: an order charged in another currency in that currency."""
    yield [
        "order_number", "customer_id", "email", "placed_at", "currency", "sku", "product_name", "category", "quantity",
        "unit_price", "total", "order_discount",
    ]  # fmt: skip
    fields = (
        "number", "customer__external_id", "customer__email", "placed_at", "currency", "total_minor", "discount_minor",
        "charged_minor", "charged_currency", "rate",
    )  # fmt: skip
    for part in chunks(within(Order.objects.all(), "placed_at", criteria), fields, size=2000):
        lines: dict[int, list[tuple[Any, ...]]] = {}
        for line in (
            OrderLine.objects.filter(order__among=[row[0] for row in part])
            .order_by("id")
            .values_list("order_id", "product__sku", "product__name", "product__category", "quantity", "unit_minor")
        ):
            lines.setdefault(line[0], []).append(line)
        for pk, number, customer_id, email, placed_at, home, total, discount, charged, foreign, rate in part:
            currency = foreign or home
            paid = total if charged is None else charged
            for _, sku, name, category, quantity, unit in lines.get(pk, []):
                yield [
                    number, customer_id, email, placed_at, currency, sku, name, category, quantity,
                    _charged(unit, home, currency, rate), amount(paid, currency), _charged(discount, home, currency, rate),
                ]  # fmt: skip


def _charged(minor: int, home: str, currency: str, rate: Any) -> str:
    """An amount of the account's currency in the one that was charged."""
    if rate is None:
        return amount(minor, home)
    whole = minor / rate
    shift = exponent(currency) - exponent(home)
    return amount(round(whole.scaleb(shift)), currency)


def refunds(criteria: Criteria) -> Iterator[Row]:
    """One row per refund, as the refunds file has it."""
    yield ["refund_number", "customer_id", "email", "refunded_at", "currency", "amount", "order_number"]
    fields = (
        "number", "customer__external_id", "customer__email", "refunded_at", "currency", "amount_minor", "order__number",
        "charged_minor", "charged_currency",
    )  # fmt: skip
    for part in chunks(within(Refund.objects.all(), "refunded_at", criteria), fields):
        for _, number, customer_id, email, moment, home, minor, order, charged, foreign in part:
            given = minor if charged is None else charged
            yield [number, customer_id, email, moment, foreign or home, amount(given, foreign or home), order]


def subscriptions(criteria: Criteria) -> Iterator[Row]:
    """Subscriptions as they stand."""
    yield [
        "reference", "customer_id", "email", "status", "plan", "quantity", "interval", "mrr", "currency", "started_at",
        "renews_on", "cancel_at", "ended_at", "last_change_at",
    ]  # fmt: skip
    fields = (
        "reference", "customer__external_id", "customer__email", "status", "plan", "quantity",
        "interval_months", "mrr_minor",
        "currency", "started_at", "renews_on", "cancel_at", "ended_at", "changed_at",
    )  # fmt: skip
    for part in chunks(within(Subscription.objects.all(), "started_at", criteria), fields):
        for row in part:
            yield [*row[1:8], amount(row[8], row[9]), *row[9:]]


def subscription_changes(criteria: Criteria) -> Iterator[Row]:
    """The whole history: one row per change, which the subscriptions file takes in again."""
    yield [
        "reference", "customer_id", "email", "changed_at", "status", "plan", "quantity", "interval", "mrr", "currency",
        "started_at", "renews_on", "cancel_at", "is_renewal", "reason", "change_key",
    ]  # fmt: skip
    fields = (
        "subscription__reference", "subscription__customer__external_id", "subscription__customer__email", "changed_at",
        "status", "plan", "quantity", "subscription__interval_months", "mrr_minor", "subscription__currency",
        "subscription__started_at", "renews_on", "cancel_at", "is_renewal", "reason", "key", "charged_minor",
        "charged_currency",
    )  # fmt: skip
    for part in chunks(within(SubscriptionChange.objects.all(), "changed_at", criteria), fields):
        for row in part:
            minor, currency = (row[9], row[10]) if row[17] is None else (row[17], row[18])
            yield [*row[1:9], amount(minor, currency), currency, *row[11:17]]


def events(criteria: Criteria) -> Iterator[Row]:
    """The timeline, all of it or one name."""
    yield [
        "customer_id", "email", "name", "occurred_at", "amount", "currency", "properties", "source", "event_key",
    ]  # fmt: skip
    fields = (
        "customer__external_id", "customer__email", "name", "occurred_at", "amount_minor", "currency",
        "properties", "source",
        "key",
    )  # fmt: skip
    rows = Event.objects.filter(name=criteria.choice) if criteria.choice else Event.objects.all()
    for part in chunks(within(rows, "occurred_at", criteria), fields):
        for row in part:
            yield [*row[1:5], amount(row[5], row[6]), row[6], row[7] or None, row[8], row[9]]


def consents(criteria: Criteria) -> Iterator[Row]:
    """The answers that stand now, with the proof behind each, as the consents file has them."""
    yield ["customer_id", "email", "topic", "channel", "state", "changed_at", "source", "wording"]
    fields = ("customer_id", "topic_id", "customer__external_id", "customer__email", "topic__slug", "channel", "state",
              "changed_at")  # fmt: skip
    for part in chunks(within(Consent.objects.all(), "changed_at", criteria), fields, size=2000):
        proof = _proof({row[1] for row in part})
        for _, customer_id, topic_id, *row in part:
            yield [*row, *proof.get((customer_id, topic_id, row[3], row[4], row[5]), ("", ""))]


def _proof(ids: set[int]) -> dict[tuple[Any, ...], tuple[str, str]]:
    rows = ConsentChange.objects.filter(customer__among=sorted(ids)).order_by("id")
    found = rows.values_list("customer_id", "topic_id", "channel", "state", "changed_at", "source", "wording")
    return {row[:5]: row[5:] for row in found}


def consent_log(criteria: Criteria) -> Iterator[Row]:
    """Every answer ever given, with its proof."""
    fields = ("customer__external_id", "customer__email", "topic__slug", "channel", "state", "changed_at", "source",
              "wording", "wording_version", "requested_at", "client_address")  # fmt: skip
    header = ("customer_id", "email", "topic", "channel", "state", "changed_at", "source", "wording", "wording_version",
              "requested_at", "client_address")  # fmt: skip
    return plain(within(ConsentChange.objects.all(), "changed_at", criteria), fields, header)


def suppressions(criteria: Criteria) -> Iterator[Row]:
    """Blocked addresses as hashes only: the list outlives erasures and names nobody."""
    rows = within(Suppression.objects.all(), "created_at", criteria)
    return plain(rows, ("channel", "address_hash", "reason", "created_at"), ("channel", "hash", "reason", "since"))


def identities(criteria: Criteria) -> Iterator[Row]:
    fields = ("kind", "value", "customer__external_id", "customer__email", "linked_at")
    return plain(Identity.objects.all(), fields, ("kind", "value", "customer_id", "email", "linked_at"))


def rates(criteria: Criteria) -> Iterator[Row]:
    return plain(ExchangeRate.objects.all(), ("currency", "on", "rate"))


def import_problems(criteria: Criteria) -> Iterator[Row]:
    """Rows that imports did not take."""
    rows = within(ImportProblem.objects.all(), "job__created_at", criteria)
    yield ["import", "file", "kind", "line", "column", "reason", "row"]
    for part in chunks(rows, ("job_id", "job__file_name", "job__kind", "line", "column", "reason", "row")):
        for row in part:
            yield row[1:]
