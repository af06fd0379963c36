"""Conditions on what is kept once per customer: fields, attributes, random shares, consent."""

from typing import Any

from django.db.models import F, Model, QuerySet

from customers.models import Consent, Customer
from customers.ports import fields
from customers.segments.queries import predicates
from customers.segments.queries.expressions import Share
from customers.segments.queries.leaves.measures import holds_at
from customers.segments.queries.leaves.sets import Context, Part, Scan, Source, compiled, select
from customers.segments.queries.predicates import NUMERIC
from customers.segments.rules import buckets, windows
from customers.segments.rules.tree import AttributeIs, ConsentIs, FieldIs, RandomShare, Test

PER_CENT = buckets.BUCKETS // 100


def profiles() -> Source:
    return Source("customers.customer", Customer.objects.all(), "pk", True)


def field(node: FieldIs, context: Context) -> Scan:
    known = fields.get(node.field)
    found = predicates.condition(F(known.value), node.test, context.moment)
    return Scan(source_of(known), found, _holds_for(known.missing, node.test))


def attribute(node: AttributeIs, context: Context) -> Scan:
    found = predicates.json_condition(F("attributes"), node.key, node.test, context.moment)
    return Scan(profiles(), found, predicates.holds_without_value(node.test))


def share(node: RandomShare, context: Context) -> Scan:
    found = windows.Range(node.first * PER_CENT, node.last * PER_CENT, without_high=True)
    return Scan(profiles(), predicates.within(Share(F("pk"), node.salt), found), False)


def source_of(known: fields.Field) -> Source:
    """The table that a field reads; two fields of one table have equal keys."""
    rows: QuerySet[Model] = known.rows()
    if rows.model is Customer and not rows.query.where:
        return profiles()
    narrowed = compiled(rows) if rows.query.where else ""
    return Source(f"{rows.model._meta.label}:{known.customer}:{narrowed}", rows, known.customer, False)


def _holds_for(missing: Any, test: Test) -> bool:
    """The truth of a test for the value that a customer without a row has."""
    if missing is None or missing == "":
        return predicates.holds_without_value(test)
    if test.type in NUMERIC:
        return holds_at(missing, test)
    if test.op in ("empty", "not_empty"):
        return test.op == "not_empty"
    if isinstance(missing, bool):
        return missing is (test.op == "true")
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    return (missing in wanted) is (test.op in ("is", "any_of"))


def consent(node: ConsentIs, context: Context) -> Part:
    rows = context.narrow(Consent.objects.filter(topic__slug=node.topic, channel=node.channel), "customer_id")
    if node.state == "unasked":
        return Part(select(rows, "customer_id"), True)
    return Part(select(rows.filter(state=node.state), "customer_id"))
