"""Why a customer is in or out: each rule with its truth and the value it looked at."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Min

from config.kit.clock import zone
from config.kit.money import Money
from customers.models import Consent, Customer, Event
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.queries import brand
from customers.segments.queries import leaves, predicates, words
from customers.segments.queries.compile import compile_tree
from customers.segments.queries.predicates import Moment
from customers.segments.queries.words import Line, Names
from customers.segments.rules import windows
from customers.segments.rules.buckets import bucket
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    Leaf,
    Node,
    Orders,
    RandomShare,
)
from customers.segments.rules.tree import leaves as leaves_of

NOTHING = "nothing"


def explain(definition: dict[str, Any] | Group, customer_id: int, at: datetime) -> Line:
    """The rules in words with `is_true` on every line and `value` on every condition, for one customer at one moment.

    Truth comes from the same compiler as membership, all conditions in one statement. Raises `BadDefinition`.
    """
    tree = definition if isinstance(definition, Group) else parse(definition)
    moment = Moment(at, brand.current().timezone)
    return _line(tree, _truths(tree, moment, customer_id), words.names(tree), moment, customer_id)


def _truths(tree: Group, moment: Moment, customer_id: int) -> dict[Leaf, bool]:
    asked = list(dict.fromkeys(leaves_of(tree)))
    sets = [compile_tree(leaf, moment, [customer_id]) for leaf in asked]
    columns = ", ".join(f"EXISTS (SELECT 1 FROM ({found.text}) e{index})" for index, found in enumerate(sets))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [value for found in sets for value in found.params])
        return {leaf: bool(truth) for leaf, truth in zip(asked, cursor.fetchone(), strict=True)}


def _line(node: Node, truths: dict[Leaf, bool], known: Names, moment: Moment, customer_id: int) -> Line:
    if not isinstance(node, Group):
        value = _value(node, moment, known.currency, customer_id)
        return Line(words.sentence(node, known), is_true=truths[node], value=value)
    rules = [_line(rule, truths, known, moment, customer_id) for rule in node.rules]
    held = [bool(rule.is_true) for rule in rules]
    is_true = {"all": all(held), "any": any(held), "none": not any(held)}[node.match.value]
    return Line(words.MATCHES[node.match.value], rules, is_true)


def _value(leaf: Leaf, moment: Moment, currency: str, customer_id: int) -> str:
    if isinstance(leaf, FieldIs):
        known = fields.get(leaf.field)
        row = known.rows().filter(**{known.customer: customer_id}).values_list(known.value, flat=True)[:1]
        found = list(row)
        return _shown(found[0] if found else known.missing, known.type, currency, moment)
    if isinstance(leaf, AttributeIs):
        attributes = Customer.objects.filter(id=customer_id).values_list("attributes", flat=True).first() or {}
        return _shown(attributes.get(leaf.key), FieldType.TEXT, currency, moment)
    if isinstance(leaf, EventCount):
        return _times(leaf, moment, customer_id)
    if isinstance(leaf, EventTime):
        rows = Event.objects.filter(customer_id=customer_id, name=leaf.name, occurred_at__lte=moment.at)
        found = rows.aggregate(value=(Min if leaf.is_first else Max)("occurred_at"))["value"]
        return _shown(found, FieldType.DATETIME, currency, moment)
    if isinstance(leaf, Orders):
        figure = leaves.measured(leaf, moment, customer_id)
        return _shown(figure, FieldType.MONEY if leaf.measure == "total" else FieldType.NUMBER, currency, moment)
    if isinstance(leaf, ConsentIs):
        answers = Consent.objects.filter(customer_id=customer_id, topic__slug=leaf.topic, channel=leaf.channel)
        return answers.values_list("state", flat=True).first() or "unasked"
    if isinstance(leaf, InSegment):
        inside = compile_tree(InSegment(leaf.segment_id), moment, [customer_id])
        with connection.cursor() as cursor:
            cursor.execute(inside.text, list(inside.params))
            return "a member" if cursor.fetchone() else "no member"
    assert isinstance(leaf, RandomShare)
    return f"{bucket(customer_id, leaf.salt) / 100:.2f} %"


def _times(leaf: EventCount, moment: Moment, customer_id: int) -> str:
    inside = predicates.within(F("occurred_at"), windows.since(leaf.window, moment.at, moment.zone))
    rows = leaves.with_properties(Event.objects.filter(inside, customer_id=customer_id, name=leaf.name), leaf, moment)
    found = rows.aggregate(times=Count("id"), last=Max("occurred_at"))
    if not found["times"]:
        return "never"
    times = "once" if found["times"] == 1 else f"{found['times']:,} times"
    return f"{times}, last {_shown(found['last'], FieldType.DATETIME, '', moment)}"


def _shown(value: Any, kind: FieldType, currency: str, moment: Moment) -> str:
    if value is None or value == "":
        return NOTHING
    if kind is FieldType.MONEY:
        return str(Money(int(value), currency))
    if isinstance(value, datetime):
        return f"{value.astimezone(zone(moment.zone)):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
