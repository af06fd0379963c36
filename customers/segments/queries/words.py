"""Definitions in words."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from config.kit.money import Money
from customers.enums import Channel
from customers.models import Segment, Topic
from customers.ports import event_types, fields
from customers.ports.fields import FieldType
from customers.queries import brand
from customers.segments.rules import dependencies
from customers.segments.rules.operators import CONSENT_STATES, COUNTS, MEASURES, OPERATORS, Takes
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
    PropertyIs,
    RandomShare,
    Test,
    Window,
    leaves,
)

MATCHES = {"all": "All of these are true", "any": "At least one of these is true", "none": "None of these is true"}
JOINS = {"all": " and ", "any": " or ", "none": " or "}


@dataclass(slots=True)
class Line:
    """A rule in words; a group has `rules` below it. Explain fills `is_true` and `value`."""

    text: str
    rules: list["Line"] = field(default_factory=list)
    is_true: bool | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What definitions only hold ids or keys of."""

    segments: dict[int, str]
    topics: dict[str, str]
    currency: str


def names(tree: Group) -> Names:
    """Names of the segments and topics that a tree mentions, in two queries."""
    ids = dependencies.segments(tree)
    slugs = {leaf.topic for leaf in leaves(tree) if isinstance(leaf, ConsentIs)}
    return Names(
        dict(Segment.objects.filter(id__in=ids).values_list("id", "name")) if ids else {},
        dict(Topic.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {},
        brand.current().currency,
    )


def describe(definition: dict[str, Any] | Group) -> str:
    """One sentence for a definition. Raises `BadDefinition`."""
    tree = definition if isinstance(definition, Group) else parse(definition)
    return _sentence(tree, names(tree), is_top=True)


def outline(definition: dict[str, Any] | Group) -> Line:
    """The rules as a tree of lines. Raises `BadDefinition`."""
    tree = definition if isinstance(definition, Group) else parse(definition)
    return line(tree, names(tree))


def line(node: Node, known: Names) -> Line:
    if isinstance(node, Group):
        return Line(MATCHES[node.match.value], [line(rule, known) for rule in node.rules])
    return Line(sentence(node, known))


def _sentence(node: Node, known: Names, *, is_top: bool = False) -> str:
    if not isinstance(node, Group):
        return sentence(node, known)
    text = JOINS[node.match.value].join(_sentence(rule, known) for rule in node.rules)
    if node.match.value == "none":
        return f"not ({text})"
    return text if is_top or len(node.rules) == 1 else f"({text})"


def sentence(leaf: Leaf, known: Names) -> str:
    """One condition in words."""
    if isinstance(leaf, FieldIs):
        label = fields.get(leaf.field).label if fields.has(leaf.field) else leaf.field
        return f"{label} {_test(leaf.test, known.currency, _choices(leaf))}"
    if isinstance(leaf, AttributeIs):
        return f"{leaf.key} {_test(leaf.test, known.currency)}"
    if isinstance(leaf, EventCount):
        return _event(leaf, known)
    if isinstance(leaf, EventTime):
        which = "first" if leaf.is_first else "last"
        return f"The {which} “{event_label(leaf.name)}” {_test(leaf.test, known.currency)}"
    if isinstance(leaf, Orders):
        only = f" of {' or '.join(leaf.products)}" if leaf.products else ""
        only += f" in {' or '.join(leaf.categories)}" if leaf.categories else ""
        return f"{MEASURES[leaf.measure]}{only}{_window(leaf.window)} {_test(leaf.test, known.currency)}"
    if isinstance(leaf, ConsentIs):
        channel = str(Channel(leaf.channel).label)
        return f"{CONSENT_STATES[leaf.state].capitalize()}: {known.topics.get(leaf.topic, leaf.topic)} by {channel}"
    if isinstance(leaf, InSegment):
        return f"Is {'' if leaf.is_in else 'not '}in the segment {known.segments.get(leaf.segment_id, '(deleted)')}"
    assert isinstance(leaf, RandomShare)
    share = f"{leaf.first} to {leaf.last}" if leaf.first else str(leaf.last)
    return f"Belongs to a random {share} % of all customers" + (f" ({leaf.salt})" if leaf.salt else "")


def event_label(name: str) -> str:
    """The label of a known event, else its name."""
    return event_types.get(name).label if event_types.has(name) else name


def _event(leaf: EventCount, known: Names) -> str:
    where = "".join(f" with {item.property} {_property(item, known)}" for item in leaf.where)
    label = f"“{event_label(leaf.name)}”{where}"
    if leaf.count == 0 and leaf.op in ("exactly", "at_most"):
        return f"Never {label}{_window(leaf.window)}"
    times = "once" if leaf.count == 1 else f"{leaf.count:,} times"
    return f"{label} {COUNTS[leaf.op]} {times}{_window(leaf.window)}"


def _property(item: PropertyIs, known: Names) -> str:
    return _test(item.test, known.currency)


def _window(window: Window) -> str:
    if window.days is not None:
        return f" in the last {window.days:,} day{'' if window.days == 1 else 's'}"
    if window.first and window.last:
        return f" from {_day(window.first)} to {_day(window.last)}"
    if window.first:
        return f" since {_day(window.first)}"
    return f" until {_day(window.last)}" if window.last else ""


def _choices(leaf: FieldIs) -> dict[str, str]:
    known = fields.get(leaf.field) if fields.has(leaf.field) else None
    return dict(known.choices()) if known and known.choices else {}


def _test(test: Test, currency: str, labels: dict[str, str] | None = None) -> str:
    operator = OPERATORS[test.type][test.op]
    if operator.takes is Takes.NOTHING:
        return operator.label
    value = _value(test, operator.takes, currency, labels or {})
    return f"{operator.label} {value} ago" if test.op == "more_ago" else f"{operator.label} {value}"


def _value(test: Test, takes: Takes, currency: str, labels: dict[str, str]) -> str:
    if takes is Takes.DAYS:
        return f"{test.value:,} day{'' if test.value == 1 else 's'}"
    if takes is Takes.TEXTS:
        return ", ".join(labels.get(item, item) for item in test.value)
    items = test.value if isinstance(test.value, tuple) else (test.value,)
    return " and ".join(_one(item, test.type, currency, labels) for item in items)


def _one(value: Any, kind: FieldType, currency: str, labels: dict[str, str]) -> str:
    if kind is FieldType.MONEY:
        return str(Money(int(value), currency))
    if isinstance(value, date):
        return _day(value)
    return labels.get(value, value) if isinstance(value, str) else f"{value:,}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
