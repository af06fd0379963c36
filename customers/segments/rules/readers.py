"""One reader per type of condition: JSON object to leaf."""

from collections.abc import Callable

from customers.enums import Channel
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.rules import operators, reading
from customers.segments.rules.reading import KEY, NAME, SLUG, Path, Raw, Wrong
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    InSegment,
    Leaf,
    MessageCount,
    Orders,
    PropertyIs,
    RandomShare,
    SegmentMoved,
    Sequence,
    Step,
)

MAX_PROPERTIES = 5
MAX_STEPS = 5
MAX_PRODUCTS = 100
EMPTIES = ("empty", "not_empty")
UNITS = {"days": (1440, reading.MAX_DAYS), "hours": (60, reading.MAX_HOURS), "minutes": (1, 527_040)}
AMOUNT = "amount"


def leaf(raw: Raw, path: Path) -> Leaf:
    """The leaf that an object describes. Raises `Wrong`."""
    kind = raw.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Wrong((*path, "type"), "Choose what the condition is about.")
    return reader(raw, path)


def _field(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "field", "op", "value"}, path)
    key = raw.get("field")
    if not isinstance(key, str) or not fields.has(key):
        raise Wrong((*path, "field"), "This field is not known here (any more).")
    return FieldIs(key, reading.compared(raw, fields.get(key).type, path))


def _attribute(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "key", "as", "op", "value"}, path)
    message = "Write the name of the attribute: letters, digits, spaces, . _ -"
    key = reading.matching(raw.get("key"), KEY, (*path, "key"), message)
    return AttributeIs(key, reading.compared(raw, _type(raw, path), path))


def _type(raw: Raw, path: Path) -> FieldType:
    allowed = [item.value for item in operators.ATTRIBUTE_TYPES]
    return FieldType(reading.one_of(raw.get("as", "text"), allowed, (*path, "as")))


def _event(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "name", "op", "count", "within", "where"}, path)
    name = _event_name(raw, path)
    op, count, most = reading.count(raw, path)
    where = _where(raw, path)
    return EventCount(name, op, count, reading.window(raw.get("within"), (*path, "within")), where, most)


def _event_measure(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "name", "measure", "property", "op", "value", "within", "where"}, path)
    name = _event_name(raw, path)
    measure = reading.one_of(raw.get("measure"), list(operators.EVENT_MEASURES), (*path, "measure"))
    key = ""
    if measure != "days":
        key = _key(raw, path)
    elif raw.get("property") not in (None, ""):
        raise Wrong((*path, "property"), "Days are counted without a property.")
    test = reading.compared(raw, operators.event_measure_type(measure, key), path)
    return EventMeasure(name, measure, key, test, reading.window(raw.get("within"), (*path, "within")), _where(raw, path))


def _event_time(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "name", "which", "op", "value"}, path)
    which = reading.one_of(raw.get("which"), ["first", "last"], (*path, "which"))
    return EventTime(_event_name(raw, path), which == "first", reading.compared(raw, FieldType.DATETIME, path))


def _event_name(raw: Raw, path: Path) -> str:
    name = reading.matching(raw.get("name"), NAME, (*path, "name"), "Choose an event.")
    if name.startswith("segment."):
        raise Wrong((*path, "name"), "Ask for membership of the segment instead of its events.")
    return name


def _key(raw: Raw, path: Path) -> str:
    return reading.matching(raw.get("property"), KEY, (*path, "property"), "Write the name of the property.")


def _where(raw: Raw, path: Path) -> tuple[PropertyIs, ...]:
    where = raw.get("where", [])
    if not isinstance(where, list) or len(where) > MAX_PROPERTIES:
        raise Wrong((*path, "where"), f"An event can have up to {MAX_PROPERTIES} property conditions.")
    return tuple(_property(item, (*path, "where", index)) for index, item in enumerate(where))


def _property(raw: object, path: Path) -> PropertyIs:
    if not isinstance(raw, dict):
        raise Wrong(path, "A property condition must be an object.")
    reading.only(raw, {"property", "as", "op", "value"}, path)
    key = _key(raw, path)
    return PropertyIs(key, reading.compared(raw, FieldType.MONEY if key == AMOUNT else _type(raw, path), path))


def _sequence(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "steps", "join", "within", "op"}, path)
    did = reading.one_of(raw.get("op", "did"), ["did", "did_not"], (*path, "op"))
    steps = raw.get("steps")
    if not isinstance(steps, list) or not 2 <= len(steps) <= MAX_STEPS:
        raise Wrong((*path, "steps"), f"A sequence has from 2 to {MAX_STEPS} steps.")
    found = tuple(_step(item, (*path, "steps", index), index == 0) for index, item in enumerate(steps))
    for index, step in enumerate(found[:-1]):
        if not step.did:
            raise Wrong((*path, "steps", index, "did"), "Only the last step can ask that something did not happen.")
    join = raw.get("join") or ""
    if join:
        join = reading.matching(join, KEY, (*path, "join"), "Write the name of the property that the steps share.")
    if join == AMOUNT:
        raise Wrong((*path, "join"), "Steps can share a property of their own, not the amount.")
    return Sequence(found, join, reading.window(raw.get("within"), (*path, "within")), did == "did")


def _step(raw: object, path: Path, is_first: bool) -> Step:
    if not isinstance(raw, dict):
        raise Wrong(path, "A step must be an object.")
    reading.only(raw, {"name", "did", "where", "within"}, path)
    did, within = raw.get("did", True), raw.get("within")
    if not isinstance(did, bool):
        raise Wrong((*path, "did"), "Say true or false.")
    if is_first and within is not None:
        raise Wrong((*path, "within"), "The first step follows nothing; give the sequence a window instead.")
    return Step(_event_name(raw, path), _where(raw, path), did, _minutes(within, (*path, "within")))


def _minutes(raw: object, path: Path) -> int | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in UNITS:
        raise Wrong(path, "Give a number of days, hours or minutes, only one of them.")
    unit, value = next(iter(raw.items()))
    minutes, most = UNITS[unit]
    return minutes * reading.whole(value, (*path, unit), 1, most)


def _message(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "did", "op", "count", "within", "source", "channel"}, path)
    did = reading.one_of(raw.get("did"), list(operators.MESSAGES), (*path, "did"))
    op, count, most = reading.count(raw, path)
    source = reading.text(raw.get("source", ""), (*path, "source"), may_be_empty=True)
    if source:
        kind, _, number = source.partition(":")
        if kind not in operators.SOURCE_KINDS or not (number.isascii() and number.isdigit() and 0 < len(number) < 19):
            raise Wrong((*path, "source"), "Choose a campaign or a journey.")
        source = f"{kind}:{int(number)}"
    channel = reading.one_of(raw.get("channel", ""), ["", *(item.value for item in Channel)], (*path, "channel"))
    return MessageCount(did, op, count, reading.window(raw.get("within"), (*path, "within")), source, channel, most)


def _orders(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "measure", "op", "value", "within", "product", "category"}, path)
    measure = reading.one_of(raw.get("measure"), list(operators.MEASURES), (*path, "measure"))
    without = EMPTIES if measure in operators.ZERO_MEASURES else ()
    if raw.get("op") in without:
        raise Wrong((*path, "op"), "Compare with a number.")
    test = reading.compared(raw, operators.order_type(measure), path, without=without)
    products, categories = _any_of(raw, "product", path), _any_of(raw, "category", path)
    return Orders(measure, test, reading.window(raw.get("within"), (*path, "within")), products, categories)


def _any_of(raw: Raw, part: str, path: Path) -> tuple[str, ...]:
    value = raw.get(part, "")
    if isinstance(value, list):
        return reading.texts(value, (*path, part), MAX_PRODUCTS)
    found = reading.text(value, (*path, part), may_be_empty=True)
    return (found,) if found else ()


def _consent(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "topic", "channel", "state"}, path)
    topic = reading.matching(raw.get("topic"), SLUG, (*path, "topic"), "Choose a topic.")
    channel = reading.one_of(raw.get("channel"), [item.value for item in Channel], (*path, "channel"))
    return ConsentIs(topic, channel, reading.one_of(raw.get("state"), list(operators.CONSENT_STATES), (*path, "state")))


def _segment(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "segment", "op", "within"}, path)
    op = reading.one_of(raw.get("op"), list(operators.MEMBERSHIP), (*path, "op"))
    value = raw.get("segment")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise Wrong((*path, "segment"), "Choose a segment.")
    if op in ("entered", "left"):
        return SegmentMoved(value, op == "entered", reading.window(raw.get("within"), (*path, "within")))
    if raw.get("within") is not None:
        raise Wrong((*path, "within"), "Being in a segment is asked of now; “entered” and “left” take a time.")
    return InSegment(value, op == "in")


def _random(raw: Raw, path: Path) -> Leaf:
    reading.only(raw, {"type", "percent", "from", "to", "salt"}, path)
    salt = reading.text(raw.get("salt", ""), (*path, "salt"), may_be_empty=True)
    if "from" not in raw and "to" not in raw:
        return RandomShare(0, reading.whole(raw.get("percent"), (*path, "percent"), 1, 99), salt)
    if "percent" in raw:
        raise Wrong((*path, "percent"), "Give either a share in percent or its two ends, not both.")
    first = reading.whole(raw.get("from"), (*path, "from"), 0, 99)
    last = reading.whole(raw.get("to"), (*path, "to"), 1, 100)
    if first >= last:
        raise Wrong((*path, "to"), "The end of the share must be greater than its beginning.")
    if last - first == 100:
        raise Wrong((*path, "to"), "0 to 100 % is everybody; give a smaller share.")
    return RandomShare(first, last, salt)


READERS: dict[str, Callable[[Raw, Path], Leaf]] = {
    "field": _field,
    "attribute": _attribute,
    "event": _event,
    "event_measure": _event_measure,
    "event_time": _event_time,
    "sequence": _sequence,
    "message": _message,
    "orders": _orders,
    "consent": _consent,
    "segment": _segment,
    "random": _random,
}
