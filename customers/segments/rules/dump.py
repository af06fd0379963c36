"""Tree back to JSON, in one canonical form: what is stored."""

from datetime import date
from typing import Any

from customers.ports.fields import FieldType
from customers.segments.rules.readers import UNITS
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    MessageCount,
    Node,
    Orders,
    PropertyIs,
    SegmentMoved,
    Sequence,
    Step,
    Test,
    Window,
)


def dump(node: Node) -> dict[str, Any]:
    """The JSON of a tree; `parse(dump(tree)) == tree`."""
    if isinstance(node, Group):
        return {"match": node.match.value, "rules": [dump(rule) for rule in node.rules]}
    if isinstance(node, FieldIs):
        return {"type": "field", "field": node.field, **_test(node.test)}
    if isinstance(node, AttributeIs):
        return {"type": "attribute", "key": node.key, "as": node.test.type.value, **_test(node.test)}
    if isinstance(node, EventCount):
        return {"type": "event", "name": node.name, **_count(node), **_window(node.window), **_where(node.where)}
    if isinstance(node, EventMeasure):
        of = {"property": node.property} if node.property else {}
        return {
            "type": "event_measure", "name": node.name, "measure": node.measure, **of, **_test(node.test),
            **_window(node.window), **_where(node.where),
        }  # fmt: skip
    if isinstance(node, EventTime):
        which = "first" if node.is_first else "last"
        return {"type": "event_time", "name": node.name, "which": which, **_test(node.test)}
    if isinstance(node, Sequence):
        return {
            "type": "sequence", "steps": [_step(step) for step in node.steps], **_kept(join=node.join),
            **_window(node.window), "op": "did" if node.did else "did_not",
        }  # fmt: skip
    if isinstance(node, MessageCount):
        asked = _kept(source=node.source, channel=node.channel)
        return {"type": "message", "did": node.did, **_count(node), **_window(node.window), **asked}
    if isinstance(node, Orders):
        only = _kept(product=_texts(node.products), category=_texts(node.categories))
        return {"type": "orders", "measure": node.measure, **_test(node.test), **_window(node.window), **only}
    if isinstance(node, ConsentIs):
        return {"type": "consent", "topic": node.topic, "channel": node.channel, "state": node.state}
    if isinstance(node, InSegment):
        return {"type": "segment", "segment": node.segment_id, "op": "in" if node.is_in else "not_in"}
    if isinstance(node, SegmentMoved):
        op = "entered" if node.entered else "left"
        return {"type": "segment", "segment": node.segment_id, "op": op, **_window(node.window)}
    share = {"from": node.first, "to": node.last} if node.first else {"percent": node.last}
    return {"type": "random", **share, **_kept(salt=node.salt)}


def _kept(**parts: Any) -> dict[str, Any]:
    """Only the parts that say something."""
    return {key: value for key, value in parts.items() if value}


def _count(node: EventCount | MessageCount) -> dict[str, Any]:
    return {"op": node.op, "count": node.count if node.most is None else [node.count, node.most]}


def _where(where: tuple[PropertyIs, ...]) -> dict[str, Any]:
    return _kept(where=[_property(item) for item in where])


def _step(step: Step) -> dict[str, Any]:
    did = {} if step.did else {"did": False}
    return {"name": step.name, **did, **_where(step.where), **_gap(step.minutes)}


def _gap(minutes: int | None) -> dict[str, Any]:
    """The time after the step before, in the largest unit that says it in whole numbers."""
    if minutes is None:
        return {}
    unit, size = next(
        (unit, size) for unit, (size, most) in UNITS.items() if not minutes % size and minutes // size <= most
    )
    return {"within": {unit: minutes // size}}


def _texts(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _property(item: PropertyIs) -> dict[str, Any]:
    kind = {} if item.test.type is FieldType.MONEY else {"as": item.test.type.value}
    return {"property": item.property, **kind, **_test(item.test)}


def _test(test: Test) -> dict[str, Any]:
    return {"op": test.op} if test.value is None else {"op": test.op, "value": _plain(test.value)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _window(window: Window) -> dict[str, Any]:
    if window.is_ever:
        return {}
    if window.days is not None:
        return {"within": {"days": window.days}}
    if window.hours is not None:
        return {"within": {"hours": window.hours}}
    found = {"from": window.first, "to": window.last}
    return {"within": {key: day.isoformat() for key, day in found.items() if day}}
