"""Definition to draft: stored rules as the page shows them."""

from collections.abc import Callable
from typing import Any

from config.kit.money import Money
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.forms import kinds
from customers.segments.forms.draft import Draft, from_lines

Definition = dict[str, Any]


def from_definition(definition: Definition, currency: str) -> Draft:
    """The draft of a stored definition; amounts are shown in `currency`."""
    if "rules" in definition:
        return {"match": definition["match"], "rules": [from_definition(rule, currency) for rule in definition["rules"]]}
    kind = definition["type"]
    found: Draft = {"what": f"field:{definition['field']}" if kind == "field" else kind, "values": []}
    found["about"] = found["what"]
    found |= {part: str(definition[part]) for part in PLAIN.get(kind, ()) if part in definition}
    found |= _window(definition.get("within"))
    if kind in SHOWN:
        found |= SHOWN[kind](definition, currency)
    money = kind == "field" and fields.has(definition["field"]) and fields.get(definition["field"]).type is FieldType.MONEY
    return found | _values(definition, money or kinds.compared(found) is FieldType.MONEY, currency)


PLAIN: dict[str, tuple[str, ...]] = {
    "field": ("op",), "attribute": ("key", "as", "op"), "event": ("name", "op"),
    "event_measure": ("name", "measure", "property", "op"), "event_time": ("name", "which", "op"),
    "sequence": ("op", "join"), "message": ("did", "op", "source", "channel"), "orders": ("measure", "op"),
    "consent": ("topic", "channel", "state"), "segment": ("segment", "op"), "random": ("salt", "percent"),
}  # fmt: skip


def _times(definition: Definition) -> Draft:
    count = definition.get("count", 1)
    if isinstance(count, list):
        return {"count": str(count[0]), "count2": str(count[1])}
    return {"op": "never"} if count == 0 and definition["op"] == "exactly" else {"count": str(count)}


def _event(definition: Definition, currency: str) -> Draft:
    return _times(definition) | {"where": _where(definition, currency)}


def _measure(definition: Definition, currency: str) -> Draft:
    return {"where": _where(definition, currency)}


def _sequence(definition: Definition, currency: str) -> Draft:
    return {"steps": [_step(step, currency) for step in definition["steps"]]}


def _step(step: Definition, currency: str) -> Draft:
    unit, length = next(iter(step.get("within", {"days": ""}).items()))
    return {
        "name": step["name"], "did": "true" if step.get("did", True) else "false", "days": str(length), "unit": unit,
        "where": _where(step, currency),
    }  # fmt: skip


def _message(definition: Definition, currency: str) -> Draft:
    return _times(definition)


def _orders(definition: Definition, currency: str) -> Draft:
    return {part: from_lines(_texts(definition[part])) for part in ("product", "category") if part in definition}


def _attribute(definition: Definition, currency: str) -> Draft:
    return {"was": definition["key"]}


def _random(definition: Definition, currency: str) -> Draft:
    if "to" not in definition:
        return {}
    return {"share": "range", "low": str(definition.get("from", 0)), "high": str(definition["to"])}


SHOWN: dict[str, Callable[[Definition, str], Draft]] = {
    "event": _event, "event_measure": _measure, "sequence": _sequence, "message": _message, "orders": _orders,
    "attribute": _attribute, "random": _random,
}  # fmt: skip


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _where(definition: Definition, currency: str) -> list[Draft]:
    return [
        {"property": item["property"], "was": item["property"], "as": item.get("as", ""), "op": item["op"],
         **_values(item, item["property"] == kinds.AMOUNT, currency)}
        for item in definition.get("where", [])
    ]  # fmt: skip


def _window(within: Definition | None) -> Draft:
    if not within:
        return {}
    if "days" in within or "hours" in within:
        unit = "days" if "days" in within else "hours"
        return {"window": "days", "days": str(within[unit]), "unit": unit}
    return {"window": "dates", **within}


def _values(item: Definition, is_money: bool, currency: str) -> Draft:
    value = item.get("value")
    if value is None:
        return {}
    show = (lambda minor: str(Money(minor, currency).decimal)) if is_money else str
    if not isinstance(value, list):
        return {"value": show(value)}
    texts = [show(part) for part in value]
    if item["op"] == "between":
        return {"value": texts[0], "value2": texts[1]}
    return {"value": from_lines(texts), "values": texts}
