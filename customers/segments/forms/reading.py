"""Draft to definition: what the page says, as JSON.

What cannot be read stays the text it is; the parser refuses it then, in its place and with a message.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from config.kit.money import NotAnAmount, parse_minor
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.forms import kinds
from customers.segments.forms.draft import Draft, lines
from customers.segments.rules.operators import OPERATORS, Takes

# "1,000" is a thousand to some and one to others.
UNCLEAR = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")


def to_definition(draft: Draft, currency: str) -> dict[str, Any]:
    """The definition that a draft means; amounts are read in `currency`."""
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
    test = _test(draft, kinds.typed(kind), currency)
    return {"type": "attribute", "key": draft.get("key", "").strip(), "as": kind, **test}


def _event(draft: Draft, currency: str) -> dict[str, Any]:
    return {"type": "event", "name": _name(draft), **_times(draft), **_window(draft), **_where(draft, currency)}


def _measure(draft: Draft, currency: str) -> dict[str, Any]:
    measure = draft.get("measure") or "sum"
    of = {} if measure == "days" else {"property": draft.get("property", "").strip()}
    kind = kinds.compared(draft) or FieldType.NUMBER
    return {
        "type": "event_measure", "name": _name(draft), "measure": measure, **of, **_test(draft, kind, currency),
        **_window(draft), **_where(draft, currency),
    }  # fmt: skip


def _event_time(draft: Draft, currency: str) -> dict[str, Any]:
    test = _test(draft, FieldType.DATETIME, currency)
    return {"type": "event_time", "name": _name(draft), "which": draft.get("which") or "last", **test}


def _sequence(draft: Draft, currency: str) -> dict[str, Any]:
    steps = [_step(step, index, currency) for index, step in enumerate(draft.get("steps", []))]
    join = {"join": draft["join"].strip()} if draft.get("join", "").strip() else {}
    return {"type": "sequence", "steps": steps, **join, **_window(draft), "op": draft.get("op") or "did"}


def _step(step: Draft, index: int, currency: str) -> dict[str, Any]:
    found = {"name": _name(step), **_where(step, currency)}
    if not index:
        return found
    within = {"within": {step.get("unit") or "days": _whole(step["days"])}} if step.get("days", "").strip() else {}
    return {**found, "did": step.get("did") != "false", **within}


def _message(draft: Draft, currency: str) -> dict[str, Any]:
    only = {part: draft[part] for part in ("source", "channel") if draft.get(part)}
    return {"type": "message", "did": draft.get("did") or "opened", **_times(draft), **_window(draft), **only}


def _orders(draft: Draft, currency: str) -> dict[str, Any]:
    only = {part: _one_or_more(lines(draft.get(part, ""))) for part in ("product", "category")}
    kind = kinds.compared(draft) or FieldType.NUMBER
    return {
        "type": "orders", "measure": draft.get("measure") or "count", **_test(draft, kind, currency), **_window(draft),
        **{part: value for part, value in only.items() if value},
    }  # fmt: skip


def _consent(draft: Draft, currency: str) -> dict[str, Any]:
    return {
        "type": "consent", "topic": draft.get("topic", ""), "channel": draft.get("channel") or "email",
        "state": draft.get("state") or "granted",
    }  # fmt: skip


def _segment(draft: Draft, currency: str) -> dict[str, Any]:
    op = draft.get("op") or "in"
    within = _window({**draft, "window": "days"}) if op in ("entered", "left") else {}
    return {"type": "segment", "segment": _whole(draft.get("segment", "")), "op": op, **within}


def _random(draft: Draft, currency: str) -> dict[str, Any]:
    salt = {"salt": draft["salt"].strip()} if draft.get("salt", "").strip() else {}
    if draft.get("share") == "range":
        share = {"from": _whole(draft.get("low") or "0"), "to": _whole(draft.get("high") or "50")}
    else:
        share = {"percent": _whole(draft.get("percent") or "10")}
    return {"type": "random", **share, **salt}


LEAVES: dict[str, Callable[[Draft, str], dict[str, Any]]] = {
    "attribute": _attribute, "event": _event, "event_measure": _measure, "event_time": _event_time,
    "sequence": _sequence, "message": _message, "orders": _orders, "consent": _consent, "segment": _segment,
    "random": _random,
}  # fmt: skip


def _name(draft: Draft) -> str:
    return str(draft.get("name", "")).strip()


def _times(draft: Draft) -> dict[str, Any]:
    op, count = draft.get("op") or "at_least", _whole(draft.get("count") or "1")
    if op == "never":
        return {"op": op}
    return {"op": op, "count": [count, _whole(draft.get("count2", ""))] if op == "between" else count}


def _where(draft: Draft, currency: str) -> dict[str, Any]:
    """Property conditions; those that name no property yet are left out."""
    found = [_property(item, currency) for item in draft.get("where", []) if item.get("property", "").strip()]
    return {"where": found} if found else {}


def _property(item: Draft, currency: str) -> dict[str, Any]:
    key, kind = item["property"].strip(), kinds.of_property(item)
    read_as = {} if kind is FieldType.MONEY else {"as": item.get("as") or "text"}
    return {"property": key, **read_as, **_test(item, kind, currency)}


def _window(draft: Draft) -> dict[str, Any]:
    kind = draft.get("window", "")
    if kind == "days":
        unit = draft.get("unit") if draft.get("unit") in ("days", "hours") else "days"
        return {"within": {unit: _whole(draft.get("days") or "30")}}
    if kind == "dates":
        return {"within": {part: draft[part] for part in ("from", "to") if draft.get(part)}}
    return {}


def _one_or_more(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


def _test(draft: Draft, kind: FieldType, currency: str) -> dict[str, Any]:
    op = kinds.operator(draft, kind)
    takes = OPERATORS[kind][op].takes
    value, value2 = draft.get("value", "").strip(), draft.get("value2", "").strip()
    if takes is Takes.NOTHING:
        return {"op": op}
    if takes is Takes.TEXTS:
        return {"op": op, "value": draft.get("values") or lines(draft.get("value", ""))}
    if takes is Takes.DAYS:
        return {"op": op, "value": _whole(value)}
    read = (lambda text: number(text, kind, currency)) if takes in (Takes.NUMBER, Takes.NUMBERS) else str
    both = takes in (Takes.NUMBERS, Takes.DATES)
    return {"op": op, "value": [read(value), read(value2)] if both else read(value)}


def number(text: str, kind: FieldType, currency: str) -> int | float | str:
    """A number as people write it, money in minor units; the text itself when it is none or could mean two."""
    if UNCLEAR.fullmatch(text):
        return text
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if kind is FieldType.MONEY:
        try:
            return parse_minor(text, currency)
        except NotAnAmount:
            return text
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return text
    if not found.is_finite() or abs(found) > 10**18:
        return text
    return int(found) if found == found.to_integral_value() else float(found)


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text
