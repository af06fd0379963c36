"""Tree back to JSON, in one canonical form: what is stored."""

from datetime import date
from typing import Any

from customers.ports.fields import FieldType
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    Node,
    Orders,
    PropertyIs,
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
        where = {"where": [_property(item) for item in node.where]} if node.where else {}
        return {
            "type": "event", "name": node.name, "op": node.op, "count": node.count, **_window(node.window), **where,
        }  # fmt: skip
    if isinstance(node, EventTime):
        which = "first" if node.is_first else "last"
        return {"type": "event_time", "name": node.name, "which": which, **_test(node.test)}
    if isinstance(node, Orders):
        only = {key: value for key, value in (("product", node.product), ("category", node.category)) if value}
        return {"type": "orders", "measure": node.measure, **_test(node.test), **_window(node.window), **only}
    if isinstance(node, ConsentIs):
        return {"type": "consent", "topic": node.topic, "channel": node.channel, "state": node.state}
    if isinstance(node, InSegment):
        return {"type": "segment", "segment": node.segment_id, "op": "in" if node.is_in else "not_in"}
    return {"type": "random", "percent": node.percent, **({"salt": node.salt} if node.salt else {})}


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
    found = {"from": window.first, "to": window.last}
    return {"within": {key: day.isoformat() for key, day in found.items() if day}}
