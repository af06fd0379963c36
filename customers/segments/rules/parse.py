"""JSON to tree: every mistake is found, and says where it is and what to do about it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from customers.enums import Channel
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.rules import operators
from customers.segments.rules.operators import OPERATORS, Takes
from customers.segments.rules.tree import (
    EVER,
    AttributeIs,
    ConsentIs,
    EventCount,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    Leaf,
    Match,
    Node,
    Orders,
    PropertyIs,
    RandomShare,
    Test,
    Window,
)

MAX_DEPTH = 8
MAX_LEAVES = 100
MAX_TEXT = 500
MAX_TEXTS = 1000
MAX_NUMBER = 10**15
MAX_COUNT = 1_000_000
MAX_DAYS = 36_500
KEY = re.compile(r"^\w[\w .-]{0,79}$")
NAME = re.compile(r"^[a-zA-Z][\w.:/ -]{0,79}$")
SLUG = re.compile(r"^[-a-zA-Z0-9_]{1,50}$")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong: `path` leads to it from the root, positions counted from 0."""

    path: Path
    message: str

    def __str__(self) -> str:
        where = " › ".join(str(step + 1) if isinstance(step, int) else step for step in self.path)
        return f"{where}: {self.message}" if where else self.message


class BadDefinition(ValueError):
    """The definition cannot be understood; `mistakes` lists everything that is wrong with it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(str(mistake) for mistake in mistakes))


class _Wrong(Exception):
    def __init__(self, path: Path, message: str) -> None:
        self.mistake = Mistake(path, message)


def parse(definition: object) -> Group:
    """The tree of a definition. Raises `BadDefinition` with all mistakes; nothing else, whatever comes in."""
    reader = _Reader()
    node = reader.node(definition, (), 1)
    if not reader.mistakes and reader.count > MAX_LEAVES:
        reader.mistakes.append(Mistake((), f"A segment holds at most {MAX_LEAVES} conditions."))
    if reader.mistakes or not isinstance(node, Group):
        raise BadDefinition(reader.mistakes or [Mistake((), "The rules must start with a group: all, any or none.")])
    return node


class _Reader:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.count = 0

    def node(self, raw: object, path: Path, depth: int) -> Node | None:
        try:
            if not isinstance(raw, dict):
                raise _Wrong(path, "A rule must be an object.")
            if "match" in raw:
                return self._group(raw, path, depth)
            self.count += 1
            return _leaf(raw, path)
        except _Wrong as wrong:
            self.mistakes.append(wrong.mistake)
            return None

    def _group(self, raw: dict[str, Any], path: Path, depth: int) -> Group:
        _only(raw, {"match", "rules"}, path)
        if depth > MAX_DEPTH:
            raise _Wrong(path, f"Groups can be nested {MAX_DEPTH} deep.")
        match = _one_of(raw.get("match"), [item.value for item in Match], (*path, "match"))
        rules = raw.get("rules")
        if not isinstance(rules, list) or not rules:
            raise _Wrong((*path, "rules"), "Add at least one condition.")
        if len(rules) > MAX_LEAVES:
            raise _Wrong((*path, "rules"), f"A segment holds at most {MAX_LEAVES} conditions.")
        found = [self.node(rule, (*path, "rules", index), depth + 1) for index, rule in enumerate(rules)]
        return Group(Match(match), tuple(node for node in found if node is not None))


def _leaf(raw: dict[str, Any], path: Path) -> Leaf:
    kind = raw.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise _Wrong((*path, "type"), "Choose what the condition is about.")
    return reader(raw, path)


def _field(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "field", "op", "value"}, path)
    key = raw.get("field")
    if not isinstance(key, str) or not fields.has(key):
        raise _Wrong((*path, "field"), "This field is not known here (any more).")
    return FieldIs(key, _test(raw, fields.get(key).type, path))


def _attribute(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "key", "as", "op", "value"}, path)
    key = _matching(raw.get("key"), KEY, (*path, "key"), "Write the name of the attribute: letters, digits, spaces, . _ -")
    kind = _one_of(raw.get("as", "text"), [item.value for item in operators.ATTRIBUTE_TYPES], (*path, "as"))
    return AttributeIs(key, _test(raw, FieldType(kind), path))


def _event(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "name", "op", "count", "within", "where"}, path)
    name = _event_name(raw, path)
    op = _one_of(raw.get("op"), [*operators.COUNTS, "never"], (*path, "op"))
    count = 0 if op == "never" else _whole(raw.get("count", 1), (*path, "count"), 0, MAX_COUNT)
    if op == "at_least" and count == 0:
        raise _Wrong((*path, "count"), "Everybody did it at least 0 times; write 1 or more.")
    where = raw.get("where", [])
    if not isinstance(where, list) or len(where) > 5:
        raise _Wrong((*path, "where"), "An event can have up to 5 property conditions.")
    properties = tuple(_property(item, (*path, "where", index)) for index, item in enumerate(where))
    return EventCount(
        name, "exactly" if op == "never" else op, count, _window(raw.get("within"), (*path, "within")), properties
    )


def _event_time(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "name", "which", "op", "value"}, path)
    which = _one_of(raw.get("which"), ["first", "last"], (*path, "which"))
    return EventTime(_event_name(raw, path), which == "first", _test(raw, FieldType.DATETIME, path))


def _event_name(raw: dict[str, Any], path: Path) -> str:
    name = _matching(raw.get("name"), NAME, (*path, "name"), "Choose an event.")
    if name.startswith("segment."):
        raise _Wrong((*path, "name"), "Ask for membership of the segment instead of its events.")
    return name


def _property(raw: object, path: Path) -> PropertyIs:
    if not isinstance(raw, dict):
        raise _Wrong(path, "A property condition must be an object.")
    _only(raw, {"property", "as", "op", "value"}, path)
    key = _matching(raw.get("property"), KEY, (*path, "property"), "Write the name of the property.")
    if key == "amount":
        return PropertyIs(key, _test(raw, FieldType.MONEY, path))
    kind = _one_of(raw.get("as", "text"), [item.value for item in operators.ATTRIBUTE_TYPES], (*path, "as"))
    return PropertyIs(key, _test(raw, FieldType(kind), path))


def _orders(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "measure", "op", "value", "within", "product", "category"}, path)
    measure = _one_of(raw.get("measure"), list(operators.MEASURES), (*path, "measure"))
    test = _test(raw, FieldType.MONEY if measure == "total" else FieldType.NUMBER, path)
    if test.op in ("empty", "not_empty"):
        raise _Wrong((*path, "op"), "Compare with a number.")
    product = _text(raw.get("product", ""), (*path, "product"), may_be_empty=True)
    category = _text(raw.get("category", ""), (*path, "category"), may_be_empty=True)
    return Orders(measure, test, _window(raw.get("within"), (*path, "within")), product, category)


def _consent(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "topic", "channel", "state"}, path)
    topic = _matching(raw.get("topic"), SLUG, (*path, "topic"), "Choose a topic.")
    channel = _one_of(raw.get("channel"), [item.value for item in Channel], (*path, "channel"))
    return ConsentIs(topic, channel, _one_of(raw.get("state"), list(operators.CONSENT_STATES), (*path, "state")))


def _segment(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "segment", "op"}, path)
    op = _one_of(raw.get("op"), ["in", "not_in"], (*path, "op"))
    value = raw.get("segment")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise _Wrong((*path, "segment"), "Choose a segment.")
    return InSegment(value, op == "in")


def _random(raw: dict[str, Any], path: Path) -> Leaf:
    _only(raw, {"type", "percent", "salt"}, path)
    percent = _whole(raw.get("percent"), (*path, "percent"), 1, 99)
    return RandomShare(percent, _text(raw.get("salt", ""), (*path, "salt"), may_be_empty=True))


READERS: dict[str, Callable[[dict[str, Any], Path], Leaf]] = {
    "field": _field,
    "attribute": _attribute,
    "event": _event,
    "event_time": _event_time,
    "orders": _orders,
    "consent": _consent,
    "segment": _segment,
    "random": _random,
}


def _test(raw: dict[str, Any], kind: FieldType, path: Path) -> Test:
    op = _one_of(raw.get("op"), list(OPERATORS[kind]), (*path, "op"))
    return Test(kind, op, _value(raw.get("value"), OPERATORS[kind][op].takes, kind, (*path, "value")))


def _value(raw: object, takes: Takes, kind: FieldType, path: Path) -> Any:
    if takes is Takes.NOTHING:
        if raw not in (None, ""):
            raise _Wrong(path, "This operator takes no value.")
        return None
    if takes is Takes.TEXT:
        return _text(raw, path)
    if takes is Takes.TEXTS:
        if not isinstance(raw, list) or not 0 < len(raw) <= MAX_TEXTS:
            raise _Wrong(path, f"Give between 1 and {MAX_TEXTS} values.")
        return tuple(sorted({_text(item, path) for item in raw}))
    if takes is Takes.DAYS:
        return _whole(raw, path, 0, MAX_DAYS)
    if takes is Takes.DATE:
        return _date(raw, path)
    if takes is Takes.NUMBER:
        return _number(raw, kind, path)
    low, high = _pair(raw, path)
    read: tuple[Any, Any] = (
        (_number(low, kind, path), _number(high, kind, path))
        if takes is Takes.NUMBERS
        else (_date(low, path), _date(high, path))
    )
    if read[0] > read[1]:
        raise _Wrong(path, "The first value must not be greater than the second.")
    return read


def _pair(raw: object, path: Path) -> tuple[object, object]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise _Wrong(path, "Give two values: from and to.")
    return raw[0], raw[1]


def _text(raw: object, path: Path, *, may_be_empty: bool = False) -> str:
    if not isinstance(raw, str) or (not raw and not may_be_empty):
        raise _Wrong(path, "Write a text.")
    if len(raw) > MAX_TEXT:
        raise _Wrong(path, f"A text has at most {MAX_TEXT} characters.")
    if CONTROL.search(raw) or any("\ud800" <= character <= "\udfff" for character in raw):
        raise _Wrong(path, "The text holds characters that cannot be stored.")
    return raw


def _number(raw: object, kind: FieldType, path: Path) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise _Wrong(path, "Write a number.")
    if abs(raw) > MAX_NUMBER:
        raise _Wrong(path, "The number is too large.")
    if kind is FieldType.MONEY and raw != int(raw):
        raise _Wrong(path, "Amounts are whole minor units.")
    return int(raw) if raw == int(raw) else round(raw, 6)


def _whole(raw: object, path: Path, low: int, high: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise _Wrong(path, f"Write a whole number from {low} to {high:,}.")
    return raw


def _date(raw: object, path: Path) -> date:
    try:
        if not isinstance(raw, str) or len(raw) != 10:
            raise ValueError
        found = date.fromisoformat(raw)
    except ValueError:
        raise _Wrong(path, "Write a date like 2026-03-16.") from None
    if not 1900 <= found.year <= 2200:
        raise _Wrong(path, "The year must lie between 1900 and 2200.")
    return found


def _window(raw: object, path: Path) -> Window:
    if raw is None:
        return EVER
    if not isinstance(raw, dict):
        raise _Wrong(path, "A time window must be an object.")
    _only(raw, {"days", "from", "to"}, path)
    if "days" in raw:
        if len(raw) > 1:
            raise _Wrong(path, "Give either a number of days or dates, not both.")
        return Window(days=_whole(raw["days"], (*path, "days"), 1, MAX_DAYS))
    first = _date(raw["from"], (*path, "from")) if raw.get("from") is not None else None
    last = _date(raw["to"], (*path, "to")) if raw.get("to") is not None else None
    if first and last and first > last:
        raise _Wrong(path, "The first day must not lie after the last.")
    return Window(first=first, last=last)


def _one_of(raw: object, allowed: list[str], path: Path) -> str:
    if not isinstance(raw, str) or raw not in allowed:
        raise _Wrong(path, f"Choose one of: {', '.join(allowed)}.")
    return raw


def _matching(raw: object, pattern: re.Pattern[str], path: Path, message: str) -> str:
    if not isinstance(raw, str) or not pattern.fullmatch(raw) or CONTROL.search(raw):
        raise _Wrong(path, message)
    return raw


def _only(raw: dict[str, Any], allowed: set[str], path: Path) -> None:
    for key in raw:
        if key not in allowed:
            raise _Wrong(path, "Holds a part that is not known: " + repr(key)[:60])
