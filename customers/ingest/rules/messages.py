"""Checking one message: what is kept of it, or why it is refused. Runs for every message, so it is short and flat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import uuid4

import orjson

from customers.ingest.rules import clock, commerce
from customers.ingest.rules.clock import BadTime

KINDS = frozenset({"identify", "track", "page", "screen", "group", "alias"})
MAX_MESSAGE_BYTES = 32 * 1024
MAX_DEPTH = 10
MAX_NAME = 80
MAX_USER_ID = 120
MAX_ID = 255
WIDEST = 2**63


class Refused(Exception):
    """A message cannot be taken: the field and what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Gate:
    """What the messages of one request are checked against.

    `reserved` are names that Perennial records itself, `blocked` those that staff do not want; `proves(user_id, proof)`
    checks the HMAC that a browser brings. `is_sound`: texts and numbers need no look in depth.
    """

    is_server: bool
    received_at: datetime
    reserved: frozenset[str]
    blocked: frozenset[str]
    proves: Callable[[str, str], bool]
    is_sound: bool = True
    is_small: bool = True
    sent_at: datetime | None = None


def check(raw: Any, kind: str, gate: Gate) -> dict[str, Any]:
    """The message reduced to what is kept, in Segment's own words, with its corrected `timestamp`.

    `isAhead` marks a moment told to be more than a day ahead. Raises `Refused`.
    """
    if type(raw) is not dict:
        raise Refused("", "A message must be a JSON object.")
    get = raw.get
    if not kind:
        told = get("type")
        if type(told) is not str or told not in KINDS:
            raise Refused("type", "Write identify, track, page, screen, group or alias.")
        kind = told
    if not gate.is_sound:
        _sound(raw, 0)
    if not gate.is_small:
        _fits(raw)
    context = _object(get("context"), "context")
    user_id = _id(get("userId"), "userId", MAX_USER_ID)
    anonymous_id = _id(get("anonymousId"), "anonymousId", MAX_ID)
    if not gate.is_server:
        user_id = _proved(user_id, kind, raw, context, gate, anonymous_id)
    moment, is_ahead = _moment(raw, gate)
    message_id = _id(get("messageId"), "messageId", MAX_ID) or f"own-{uuid4().hex}"
    kept: dict[str, Any] = {"type": kind, "messageId": message_id, "timestamp": moment}
    if is_ahead:
        kept["isAhead"] = True
    if user_id:
        kept["userId"] = user_id
    if anonymous_id:
        kept["anonymousId"] = anonymous_id
    if kind == "track":
        _track(get("event"), _object(get("properties"), "properties"), kept, gate)
    elif kind == "identify" or kind == "group":
        traits = _object(get("traits"), "traits")
        beside = _object(context.get("traits"), "context.traits")
        kept["traits"] = {**beside, **traits} if beside else traits
        _shallow(kept["traits"], "traits")
        if kind == "group":
            kept["groupId"] = _required(_id(get("groupId"), "groupId", MAX_ID), "groupId")
    elif kind == "alias":
        kept["previousId"] = _required(_id(get("previousId"), "previousId", MAX_ID), "previousId")
        _required(user_id, "userId")
    else:
        _view(raw, kept, _object(get("properties"), "properties"))
    if not user_id and not anonymous_id and not _has_address(kept, gate):
        raise Refused("userId", "Send userId or anonymousId.")
    return kept


def _track(name: Any, properties: dict[str, Any], kept: dict[str, Any], gate: Gate) -> None:
    if type(name) is not str or not (name := name.strip()):
        raise Refused("event", "Send the name of the event.")
    if len(name) > MAX_NAME:
        raise Refused("event", f"The name of an event has at most {MAX_NAME} characters.")
    if name.lower() in gate.reserved:
        raise Refused("event", "Perennial records events of this name itself. Choose another name.")
    if name in gate.blocked:
        raise Refused("event", "This name is blocked in the tracking plan.")
    _shallow(properties, "properties")
    kept["event"] = name
    if properties:
        kept["properties"] = properties
    if gate.is_server and name in commerce.NAMES:
        try:
            commerce.check(name, properties)
        except commerce.BadCommerce as error:
            raise Refused(error.field, error.reason) from None


def _view(raw: dict[str, Any], kept: dict[str, Any], properties: dict[str, Any]) -> None:
    _shallow(properties, "properties")
    for field in ("name", "category"):
        value = raw.get(field)
        if value is None or value == "":
            continue
        if type(value) is not str or len(value) > MAX_ID:
            raise Refused(field, f"Write a text of at most {MAX_ID} characters.")
        properties = {field: value, **properties}
    if properties:
        kept["properties"] = properties


def _has_address(kept: dict[str, Any], gate: Gate) -> bool:
    return gate.is_server and kept["type"] == "identify" and bool(kept["traits"].get("email"))


def _proved(user_id: str, kind: str, raw: dict[str, Any], context: dict[str, Any], gate: Gate, anonymous_id: str) -> str:
    """What a browser may say of who it is: a user id counts with its proof only.

    Without one, what a visitor did counts for the anonymous id; to identify, alias and group is refused.
    """
    proof = raw.get("userHash") or context.get("userHash")
    if user_id and proof:
        if type(proof) is str and gate.proves(user_id, proof):
            return user_id
        raise Refused("userHash", "This is not the HMAC-SHA256 of the user id with the key's identity secret.")
    if kind in ("identify", "alias", "group"):
        raise Refused("userHash", f"With a browser key, {kind} needs userId and userHash, made by your server.")
    if not anonymous_id:
        raise Refused("anonymousId", "With a browser key, send anonymousId, or userId with userHash.")
    return ""


def _moment(raw: dict[str, Any], gate: Gate) -> tuple[datetime, bool]:
    field = "timestamp"
    try:
        timestamp = clock.parse(raw.get(field))
        field = "originalTimestamp"
        original = clock.parse(raw.get(field))
        field = "sentAt"
        sent = clock.parse(raw.get(field)) or gate.sent_at
    except BadTime:
        raise Refused(field, "Write a moment like 2026-03-16T09:30:00.000Z.") from None
    moment, is_ahead = clock.happened(timestamp=timestamp, original=original, sent=sent, received=gate.received_at)
    if moment < clock.EARLIEST:
        raise Refused("timestamp", "The moment lies before 1971; a clock is not set.")
    return moment, is_ahead


def _id(value: Any, field: str, limit: int) -> str:
    if value is None:
        return ""
    if type(value) is str:
        text = value.strip()
    elif type(value) is int or (type(value) is float and value.is_integer()):
        text = str(int(value))
    else:
        raise Refused(field, "An id is a text or a whole number.")
    if len(text) > limit:
        raise Refused(field, f"An id has at most {limit} characters here.")
    return text


def _required(value: str, field: str) -> str:
    if not value:
        raise Refused(field, f"Send {field}.")
    return value


def _object(value: Any, field: str) -> dict[str, Any]:
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise Refused(field, "Must be a JSON object.")


def _fits(raw: dict[str, Any]) -> None:
    try:
        size = len(orjson.dumps(raw))
    except orjson.JSONEncodeError:
        raise Refused("", "The message is nested too deeply.") from None
    if size > MAX_MESSAGE_BYTES:
        raise Refused("", f"The message is larger than {MAX_MESSAGE_BYTES // 1024} kB.")


def _shallow(properties: dict[str, Any], field: str) -> None:
    """Refuse what is nested more than ten deep; flat properties cost one look each."""
    for value in properties.values():
        if (type(value) is dict or type(value) is list) and _depth(value) > MAX_DEPTH:
            raise Refused(field, f"Nested more than {MAX_DEPTH} deep.")


def _depth(value: Any, level: int = 1) -> int:
    if level > MAX_DEPTH:
        return level
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return max((_depth(item, level + 1) for item in inner if type(item) is dict or type(item) is list), default=level)


def _sound(value: Any, level: int) -> None:
    """Refuse what PostgreSQL or JSON cannot hold: NUL, lone surrogates, NaN, numbers of more than 64 bits."""
    if level > 100:
        raise Refused("", "The message is nested too deeply.")
    if type(value) is str:
        if "\x00" in value:
            raise Refused("", "A text holds the NUL character.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("", "A text holds half a character (a lone surrogate).") from None
    elif type(value) is dict:
        for name, item in value.items():
            _sound(name, level + 1)
            _sound(item, level + 1)
    elif type(value) is list:
        for item in value:
            _sound(item, level + 1)
    elif type(value) is float:
        if not isfinite(value):
            raise Refused("", "A number is not finite.")
    elif type(value) is int and not -WIDEST <= value < WIDEST:
        raise Refused("", "A number has more than 64 bits. Send it as a text.")
