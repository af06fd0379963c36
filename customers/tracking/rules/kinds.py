"""Types of values as the tracking plan names them, and what of a payload may be shown."""

import json
import re
from typing import Any

KINDS = ("string", "integer", "number", "boolean", "date-time", "object", "array", "null")
PLAIN: dict[type, str] = {
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z")
# Personal by the look of it or by its name: the plan is about shapes, and a sample must not outlive the person.
PERSONAL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|(?:\+|00)?\d[\d ()./-]{7,}\d")
NAMED = re.compile(
    r"(?i)e-?mail|phone|mobile|(?:first|last|full|sur)_?name|^name$|street|address|birth|passw|token|secret|iban|card|"
    r"ssn|^ip$|user_?agent"
)
HIDDEN = "•••"
MAX_TEXT, MAX_KEYS, MAX_DEPTH, MAX_EXAMPLE = 200, 50, 4, 200


def kind(value: Any) -> str:
    """The type of a JSON value; text that is an ISO 8601 date or moment is a date-time."""
    if type(value) is str:
        return "date-time" if is_moment(value) else "string"
    return PLAIN.get(type(value), "string")


def is_moment(text: str) -> bool:
    """Whether text looks like an ISO 8601 date or moment; most texts are told apart by length and one dash."""
    return 9 < len(text) < 36 and text[4] == "-" and MOMENT.match(text) is not None


def fits(seen: str, expected: str) -> bool:
    """Whether a value of type `seen` is no surprise where `expected` is known: nothing fits everywhere, 1 is a number."""
    return seen in (expected, "null") or expected == "null" or (seen == "integer" and expected == "number")


def widened(seen: str, expected: str) -> str:
    """What a property is after a value of type `seen`: an unknown type becomes known, whole numbers become numbers."""
    if expected == "null" or (expected == "integer" and seen == "number"):
        return seen
    return expected


def masked(payload: Any, *, depth: int = 0, name: str = "") -> Any:
    """A payload with what may be personal replaced, long texts cut, many keys and deep trees cut off."""
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(payload, dict):
        items = list(payload.items())
        found = {str(key)[:120]: masked(value, depth=depth + 1, name=str(key)) for key, value in items[:MAX_KEYS]}
        return found | ({"…": f"{len(items) - MAX_KEYS} more"} if len(items) > MAX_KEYS else {})
    if isinstance(payload, list):
        found_list = [masked(value, depth=depth + 1, name=name) for value in payload[:5]]
        return [*found_list, f"… {len(payload) - 5} more"] if len(payload) > 5 else found_list
    if payload is None or isinstance(payload, bool):
        return payload
    if NAMED.search(name[:120]):
        return HIDDEN
    if isinstance(payload, str):
        text = payload[:MAX_TEXT]
        return text if is_moment(text) else PERSONAL.sub(HIDDEN, text) + ("…" if len(payload) > MAX_TEXT else "")
    return payload


def example(name: str, value: Any) -> str:
    """A short example of a property's value; lists and objects as JSON."""
    shown = masked(value, depth=MAX_DEPTH - 2, name=name)
    if shown is None:
        return ""
    return shown[:MAX_EXAMPLE] if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)[:MAX_EXAMPLE]
