"""The rules while somebody edits them: what the page posts, what a definition looks like on the page, and back.

A draft is a tree of plain dicts whose values are texts as typed. Names of inputs begin with the place of their rule in
the tree ("r" is the root, "r.0" its first rule), so that the page works without JavaScript: every button posts it all.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from config.kit.money import Money, NotAnAmount, parse_minor
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.rules.operators import ATTRIBUTE_TYPES, OPERATORS, Takes
from customers.segments.rules.parse import MAX_DEPTH, MAX_LEAVES

Draft = dict[str, Any]
PARTS = (
    "what", "key", "as", "name", "which", "count", "op", "value", "value2", "window", "days", "from", "to", "measure",
    "product", "category", "topic", "channel", "state", "segment", "percent", "salt",
)  # fmt: skip
PROPERTY_PARTS = ("property", "as", "op", "value", "value2")
MAX_PROPERTIES = 5


def blank() -> Draft:
    """A new condition, about nothing yet."""
    return {"what": ""}


def new() -> Draft:
    """The rules of a new segment."""
    return {"match": "all", "rules": [blank()]}


def from_post(post: QueryDict, path: str = "r", depth: int = 1) -> Draft:
    """The draft that a page posted; parts that are not known are not read."""
    if f"{path}.n" in post and depth <= MAX_DEPTH + 1:
        text = post.get(f"{path}.n", "")
        count = min(int(text), MAX_LEAVES) if text.isascii() and text.isdigit() and len(text) < 5 else 0
        rules = [from_post(post, f"{path}.{index}", depth + 1) for index in range(count)]
        return {"match": post.get(f"{path}.match", "all"), "rules": rules}
    draft: Draft = {part: post.get(f"{path}.{part}", "") for part in PARTS if f"{path}.{part}" in post}
    draft["values"] = [value for value in post.getlist(f"{path}.values") if value]
    found = []
    for index in range(MAX_PROPERTIES):
        if post.get(f"{path}.w{index}.property"):
            found.append({part: post.get(f"{path}.w{index}.{part}", "") for part in PROPERTY_PARTS})
    return {**draft, "where": found} if draft.get("what") == "event" else draft


def apply(draft: Draft, order: str) -> str:
    """Carry out what a button asks for ("add-condition:r.1"); returns the place that should get the focus."""
    verb, _, path = order.partition(":")
    steps = [int(step) for step in path.split(".")[1:] if step.isascii() and step.isdigit() and len(step) < 4]
    if verb == "remove" and steps:
        return _remove(draft, steps)
    group = _find(draft, steps)
    if group is None or "rules" not in group or verb not in ("add-condition", "add-group"):
        return ""
    group["rules"].append(blank() if verb == "add-condition" else {"match": "any", "rules": [blank()]})
    place = f"{path}.{len(group['rules']) - 1}"
    return place if verb == "add-condition" else f"{place}.0"


def _remove(draft: Draft, steps: list[int]) -> str:
    group = _find(draft, steps[:-1])
    if group is None or "rules" not in group or steps[-1] >= len(group["rules"]):
        return ""
    del group["rules"][steps[-1]]
    if not draft["rules"]:
        draft["rules"].append(blank())
    if not group["rules"] and steps[:-1]:
        return _remove(draft, steps[:-1])
    return "r.0" if group is draft else ""


def _find(draft: Draft, steps: list[int]) -> Draft | None:
    found = draft
    for step in steps:
        if "rules" not in found or step >= len(found["rules"]):
            return None
        found = found["rules"][step]
    return found


def to_definition(draft: Draft, currency: str) -> dict[str, Any]:
    """The definition that a draft means; what cannot be read stays a text and is refused by the parser, in its place."""
    if "rules" in draft:
        return {"match": draft["match"], "rules": [to_definition(rule, currency) for rule in draft["rules"]]}
    what = draft.get("what", "")
    kind, _, key = what.partition(":")
    if kind == "field":
        known = fields.get(key).type if fields.has(key) else FieldType.TEXT
        return {"type": "field", "field": key, **_test(draft, known, currency)}
    reader = LEAVES.get(kind)
    return reader(draft, currency) if reader else {"type": what}


def _attribute(draft: Draft, currency: str) -> dict[str, Any]:
    kind = draft.get("as") or "text"
    return {"type": "attribute", "key": draft.get("key", "").strip(), "as": kind, **_test(draft, _type(kind), currency)}


def _event(draft: Draft, currency: str) -> dict[str, Any]:
    op = draft.get("op") or "at_least"
    where = [_property(item, currency) for item in draft.get("where", [])]
    count = {} if op == "never" else {"count": _whole(draft.get("count") or "1")}
    found = {"type": "event", "name": draft.get("name", "").strip(), "op": op, **count, **_window(draft)}
    return {**found, "where": where} if where else found


def _property(item: Draft, currency: str) -> dict[str, Any]:
    key = item["property"].strip()
    if key == "amount":
        return {"property": key, **_test(item, FieldType.MONEY, currency)}
    kind = item.get("as") or "text"
    return {"property": key, "as": kind, **_test(item, _type(kind), currency)}


def _event_time(draft: Draft, currency: str) -> dict[str, Any]:
    return {
        "type": "event_time", "name": draft.get("name", "").strip(), "which": draft.get("which") or "last",
        **_test(draft, FieldType.DATETIME, currency),
    }  # fmt: skip


def _orders(draft: Draft, currency: str) -> dict[str, Any]:
    measure = draft.get("measure") or "count"
    only = {part: draft[part].strip() for part in ("product", "category") if draft.get(part, "").strip()}
    kind = FieldType.MONEY if measure == "total" else FieldType.NUMBER
    return {"type": "orders", "measure": measure, **_test(draft, kind, currency), **_window(draft), **only}


def _consent(draft: Draft, currency: str) -> dict[str, Any]:
    return {
        "type": "consent", "topic": draft.get("topic", ""), "channel": draft.get("channel") or "email",
        "state": draft.get("state") or "granted",
    }  # fmt: skip


def _segment(draft: Draft, currency: str) -> dict[str, Any]:
    return {"type": "segment", "segment": _whole(draft.get("segment", "")), "op": draft.get("op") or "in"}


def _random(draft: Draft, currency: str) -> dict[str, Any]:
    return {"type": "random", "percent": _whole(draft.get("percent") or "10"), "salt": draft.get("salt", "").strip()}


LEAVES: dict[str, Callable[[Draft, str], dict[str, Any]]] = {
    "attribute": _attribute, "event": _event, "event_time": _event_time, "orders": _orders, "consent": _consent,
    "segment": _segment, "random": _random,
}  # fmt: skip


def _type(text: str) -> FieldType:
    return FieldType(text) if text in [item.value for item in ATTRIBUTE_TYPES] else FieldType.TEXT


def operator(draft: Draft, kind: FieldType) -> str:
    """The operator chosen, or the first of the type when the draft came from another type."""
    op = draft.get("op", "")
    return op if op in OPERATORS[kind] else next(iter(OPERATORS[kind]))


def _test(draft: Draft, kind: FieldType, currency: str) -> dict[str, Any]:
    op = operator(draft, kind)
    takes = OPERATORS[kind][op].takes
    value, value2 = draft.get("value", "").strip(), draft.get("value2", "").strip()
    if takes is Takes.NOTHING:
        return {"op": op}
    if takes is Takes.TEXTS:
        words = draft.get("values") or [word.strip() for word in value.replace("\n", ",").split(",") if word.strip()]
        return {"op": op, "value": words}
    if takes is Takes.DAYS:
        return {"op": op, "value": _whole(value)}
    read = (lambda text: _number(text, kind, currency)) if takes in (Takes.NUMBER, Takes.NUMBERS) else str
    both = takes in (Takes.NUMBERS, Takes.DATES)
    return {"op": op, "value": [read(value), read(value2)] if both else read(value)}


def _number(text: str, kind: FieldType, currency: str) -> int | float | str:
    if kind is FieldType.MONEY:
        try:
            return parse_minor(text, currency)
        except NotAnAmount:
            return text
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number) > 10**18:
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text


def _window(draft: Draft) -> dict[str, Any]:
    kind = draft.get("window", "")
    if kind == "days":
        return {"within": {"days": _whole(draft.get("days") or "30")}}
    if kind == "dates":
        return {"within": {part: draft[part] for part in ("from", "to") if draft.get(part)}}
    return {}


def from_definition(definition: dict[str, Any], currency: str) -> Draft:
    """The draft of a stored definition."""
    if "rules" in definition:
        return {"match": definition["match"], "rules": [from_definition(rule, currency) for rule in definition["rules"]]}
    kind = definition["type"]
    what = f"field:{definition['field']}" if kind == "field" else kind
    found: Draft = {key: str(value) for key, value in definition.items() if isinstance(value, str | int) and key != "type"}
    found |= {"what": what, **_values(definition, _money(definition), currency)}
    within = definition.get("within")
    if within:
        found |= {"window": "days", "days": str(within["days"])} if "days" in within else {"window": "dates", **within}
    if kind == "event":
        if definition["op"] in ("exactly", "at_most") and definition["count"] == 0:
            found["op"] = "never"
        found["where"] = [
            {"property": item["property"], "as": item.get("as", ""), "op": item["op"],
             **_values(item, item["property"] == "amount", currency)}
            for item in definition.get("where", [])
        ]  # fmt: skip
    return found


def _money(definition: dict[str, Any]) -> bool:
    if definition["type"] == "field":
        return fields.has(definition["field"]) and fields.get(definition["field"]).type is FieldType.MONEY
    return definition["type"] == "orders" and definition["measure"] == "total"


def _values(item: dict[str, Any], is_money: bool, currency: str) -> Draft:
    value = item.get("value")
    if value is None:
        return {}
    show = (lambda minor: str(Money(minor, currency).decimal)) if is_money else str
    if isinstance(value, list):
        texts = [show(part) for part in value]
        return {"value": texts[0] if item["op"] == "between" else ", ".join(texts), "value2": texts[-1], "values": texts}
    return {"value": show(value)}
