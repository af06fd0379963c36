"""Reading a plan file: a JSON document of a shape of our own."""

import json
from dataclasses import dataclass, field
from typing import Any

from customers.tracking.rules.kinds import KINDS

MAX_BYTES = 2_000_000
MAX_EVENTS, MAX_PROPERTIES = 5000, 300
STATUSES = ("seen", "planned", "blocked")


class NotAPlan(ValueError):
    """The file cannot be taken; the text says what to change."""


@dataclass(frozen=True, slots=True)
class PlannedProperty:
    type: str
    planned: bool
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    status: str
    description: str
    properties: dict[str, PlannedProperty] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Events by name, and custom attributes of customers by name."""

    events: dict[str, PlannedEvent]
    attributes: dict[str, PlannedProperty]


def read(raw: bytes) -> Plan:
    """Read a plan file. Raises `NotAPlan` with the place of the first mistake."""
    if len(raw) > MAX_BYTES:
        raise NotAPlan("The file is larger than 2 MB.")
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotAPlan("The file is not JSON in UTF-8.") from error
    if not isinstance(document, dict) or document.get("version") != 1:
        raise NotAPlan('The file must be an object with "version": 1.')
    events = _object(document.get("events", {}), "events", MAX_EVENTS)
    return Plan(
        {_name(name, 80, "events"): _event(value, f"events › {name}") for name, value in events.items()},
        _properties(document.get("attributes", {}), "attributes"),
    )


def _event(value: Any, place: str) -> PlannedEvent:
    found = _object(value, place, 10)
    status = found.get("status", "planned")
    if status not in STATUSES:
        raise NotAPlan(f"{place[:120]}: the status must be one of {', '.join(STATUSES)}.")
    return PlannedEvent(
        status,
        _text(found.get("description", ""), place),
        _properties(found.get("properties", {}), f"{place} › properties"),
    )


def _properties(value: Any, place: str) -> dict[str, PlannedProperty]:
    found = _object(value, place, MAX_PROPERTIES)
    return {_name(name, 120, place): _property(item, f"{place} › {name}") for name, item in found.items()}


def _property(value: Any, place: str) -> PlannedProperty:
    found = _object(value, place, 10)
    kind = found.get("type", "string")
    if kind not in KINDS:
        raise NotAPlan(f"{place[:120]}: the type must be one of {', '.join(KINDS)}.")
    flags = found.get("planned", True), found.get("required", False)
    if not all(isinstance(flag, bool) for flag in flags):
        raise NotAPlan(f"{place[:120]}: planned and required must be true or false.")
    return PlannedProperty(kind, flags[0], flags[1], _text(found.get("description", ""), place))


def _object(value: Any, place: str, limit: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotAPlan(f"{place[:120]} must be an object.")
    if len(value) > limit:
        raise NotAPlan(f"{place[:120]} has more than {limit} entries.")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > 300 or not _is_clean(value):
        raise NotAPlan(f"{place[:120]}: the description must be text of at most 300 characters.")
    return value


def _name(value: str, limit: int, place: str) -> str:
    if not 0 < len(value) <= limit or not _is_clean(value):
        raise NotAPlan(f"{place[:120]}: a name must have 1 to {limit} characters.")
    return value


def _is_clean(text: str) -> bool:
    """No NUL, which PostgreSQL cannot hold, and no half of a surrogate pair, which is no text."""
    return "\x00" not in text and not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text)
