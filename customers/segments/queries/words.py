"""Definitions in words."""

from dataclasses import dataclass, field
from typing import Any

from customers.enums import Channel
from customers.models import Segment, Topic
from customers.ports import event_types, fields, message_sources
from customers.queries import brand
from customers.segments.queries import phrases
from customers.segments.rules import dependencies
from customers.segments.rules.operators import CONSENT_STATES, EVENT_MEASURES, MEASURES, MESSAGES
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    Leaf,
    MessageCount,
    Node,
    Orders,
    PropertyIs,
    RandomShare,
    SegmentMoved,
    Sequence,
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
    sources: dict[str, str] = field(default_factory=dict)


def names(tree: Group) -> Names:
    """Names of the segments, topics and senders of messages that a tree mentions, each in one query."""
    ids = dependencies.segments(tree)
    slugs = {leaf.topic for leaf in leaves(tree) if isinstance(leaf, ConsentIs)}
    return Names(
        dict(Segment.objects.filter(id__in=ids).values_list("id", "name")) if ids else {},
        dict(Topic.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {},
        brand.current().currency,
        _sources(tree),
    )


def _sources(tree: Group) -> dict[str, str]:
    keys = sorted({leaf.source for leaf in leaves(tree) if isinstance(leaf, MessageCount) and leaf.source})
    found: dict[str, str] = {}
    for port in message_sources.all() if keys else []:
        found |= port.labels(keys)
    return found


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
    match leaf:
        case FieldIs():
            label = fields.get(leaf.field).label if fields.has(leaf.field) else leaf.field
            return f"{label} {phrases.compared(leaf.test, known.currency, _choices(leaf))}"
        case AttributeIs():
            return f"{leaf.key} {phrases.compared(leaf.test, known.currency)}"
        case EventCount():
            return _event(leaf, known)
        case EventMeasure():
            return _measure(leaf, known)
        case EventTime():
            which = "first" if leaf.is_first else "last"
            return f"The {which} “{event_label(leaf.name)}” {phrases.compared(leaf.test, known.currency)}"
        case Sequence():
            return _sequence(leaf, known)
        case MessageCount():
            return _message(leaf, known)
        case Orders():
            only = f" of {' or '.join(leaf.products)}" if leaf.products else ""
            only += f" in {' or '.join(leaf.categories)}" if leaf.categories else ""
            return (
                f"{MEASURES[leaf.measure]}{only}{phrases.window(leaf.window)} {phrases.compared(leaf.test, known.currency)}"
            )
        case ConsentIs():
            channel = str(Channel(leaf.channel).label)
            return f"{CONSENT_STATES[leaf.state].capitalize()}: {known.topics.get(leaf.topic, leaf.topic)} by {channel}"
        case InSegment():
            return f"Is {'' if leaf.is_in else 'not '}in the segment {_segment(leaf.segment_id, known)}"
        case SegmentMoved():
            moved = "Entered" if leaf.entered else "Left"
            return f"{moved} the segment {_segment(leaf.segment_id, known)}{phrases.window(leaf.window)}"
        case RandomShare():
            share = f"{leaf.first} to {leaf.last}" if leaf.first else str(leaf.last)
            return f"Belongs to a random {share} % of all customers" + (f" ({leaf.salt})" if leaf.salt else "")


def event_label(name: str) -> str:
    """The label of a known event, else its name."""
    return event_types.get(name).label if event_types.has(name) else name


def _segment(segment_id: int, known: Names) -> str:
    return known.segments.get(segment_id, "(deleted)")


def _label(name: str, where: tuple[PropertyIs, ...], known: Names) -> str:
    found = "".join(f" with {item.property} {phrases.compared(item.test, known.currency)}" for item in where)
    return f"“{event_label(name)}”{found}"


def _event(leaf: EventCount, known: Names) -> str:
    label, window = _label(leaf.name, leaf.where, known), phrases.window(leaf.window)
    if phrases.is_never(leaf.op, leaf.count, leaf.most):
        return f"Never {label}{window}"
    return f"{label} {phrases.counted(leaf.op, leaf.count, leaf.most)}{window}"


def _measure(leaf: EventMeasure, known: Names) -> str:
    of = f" of {leaf.property}" if leaf.property else ""
    label = _label(leaf.name, leaf.where, known)
    test = phrases.compared(leaf.test, known.currency)
    return f"{EVENT_MEASURES[leaf.measure]}{of} of {label}{phrases.window(leaf.window)} {test}"


def _sequence(leaf: Sequence, known: Names) -> str:
    first, *others = leaf.steps
    text = _label(first.name, first.where, known) + phrases.window(leaf.window)
    for step in others:
        text += f", then {'' if step.did else 'not '}{_label(step.name, step.where, known)}{phrases.within(step.minutes)}"
    text += f", all with the same {leaf.join}" if leaf.join else ""
    return text if leaf.did else f"Did not do this: {text}"


def _message(leaf: MessageCount, known: Names) -> str:
    channel = f" by {Channel(leaf.channel).label}" if leaf.channel else ""
    what = f"“{known.sources.get(leaf.source, leaf.source)}”" if leaf.source else "any message"
    text, window = f"{MESSAGES[leaf.did]} {what}{channel}", phrases.window(leaf.window)
    if phrases.is_never(leaf.op, leaf.count, leaf.most):
        return f"Never: {text}{window}"
    return f"{text} {phrases.counted(leaf.op, leaf.count, leaf.most)}{window}"


def _choices(leaf: FieldIs) -> dict[str, str]:
    known = fields.get(leaf.field) if fields.has(leaf.field) else None
    return dict(known.choices()) if known and known.choices else {}
