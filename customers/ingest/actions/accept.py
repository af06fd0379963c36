"""From the messages of a request to a row that survives a crash."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from config.kit.queue import enqueue
from customers.ingest.queries.keys import Known, proves
from customers.ingest.rules import bodies, clock, messages
from customers.ingest.rules.messages import Gate, Refused
from customers.models import IngestBatch, IngestProblem
from customers.ports import event_types
from customers.tracking import queries as tracking

TASK = "customers.take_in_batches"
WAKE_SECONDS = 0.5
KEPT_PROBLEMS = 20
AHEAD = "The moment lies more than a day ahead; the time of receipt was taken."
BLOCKED_SECONDS = 1.0
_woken_at = 0.0
_blocked: tuple[float, frozenset[str]] = (-BLOCKED_SECONDS, frozenset())


@dataclass(frozen=True, slots=True)
class Rejection:
    """One message that was not taken: its place in the batch (from 0), its id, the field and what is wrong."""

    index: int
    message_id: str
    type: str
    field: str
    reason: str


@dataclass(slots=True)
class Accepted:
    """How many messages of a request were kept, and what was refused."""

    count: int = 0
    rejected: list[Rejection] = field(default_factory=list)


def accept(
    found: Sequence[Any], kind: str, *, key: Known, content: dict[str, Any], is_sound: bool, size: int, at: datetime
) -> Accepted:
    """Check messages and keep the good ones in one `IngestBatch`; the refused ones are noted for developers.

    `kind` is the type that the address names, empty for a batch; `content` the whole JSON (its `sentAt` and `context` hold
    for every message); `size` the unpacked bytes of the body.
    """
    gate = Gate(
        is_server=key.is_server, received_at=at, reserved=reserved_names(), blocked=_blocked_names(),
        proves=lambda user_id, proof: proves(key.secrets, user_id, proof), is_sound=is_sound,
        is_small=size <= messages.MAX_MESSAGE_BYTES, sent_at=_sent_at(content),
    )  # fmt: skip
    result = Accepted()
    kept: list[dict[str, Any]] = []
    ahead: list[dict[str, Any]] = []
    told = content.get("context") if not kind else None
    for index, raw in enumerate(found):
        if type(told) is dict and type(raw) is dict:
            own = raw.get("context")
            raw = {**raw, "context": {**told, **own} if type(own) is dict else told}
        try:
            message = messages.check(raw, kind, gate)
        except Refused as refused:
            result.rejected.append(_rejection(index, raw, kind, refused))
            continue
        if "isAhead" in message:
            ahead.append(message)
        kept.append(message)
    if kept:
        IngestBatch.objects.create(
            write_key_id=key.id, received_at=at, body=orjson.dumps(kept).decode(), message_count=len(kept)
        )
        _wake()
    if result.rejected or ahead:
        _note(result.rejected, found, ahead, key, at)
    result.count = len(kept)
    return result


@lru_cache(maxsize=1)
def reserved_names() -> frozenset[str]:
    """Names of our own catalogue, which clients may not use."""
    return frozenset(item.name.lower() for item in event_types.all())


def _blocked_names() -> frozenset[str]:
    """Names that staff block, asked for once a second: the shared cache is a round trip away."""
    global _blocked
    moment = time.monotonic()
    if not 0 <= moment - _blocked[0] < BLOCKED_SECONDS:
        _blocked = (moment, tracking.blocked_names())
    return _blocked[1]


def forget() -> None:
    """Ask for names anew."""
    global _blocked
    _blocked = (-BLOCKED_SECONDS, frozenset())
    reserved_names.cache_clear()


def _sent_at(content: dict[str, Any]) -> datetime | None:
    """The sender's clock; one that cannot be read corrects nothing."""
    try:
        return clock.parse(content.get("sentAt"))
    except clock.BadTime:
        return None


def _rejection(index: int, raw: Any, kind: str, refused: Refused) -> Rejection:
    told = raw.get("messageId") if type(raw) is dict else None
    said = raw.get("type") if type(raw) is dict else None
    return Rejection(
        index,
        _printable(told if type(told) is str else ""),
        kind or _printable(said if type(said) is str else "", 20),
        refused.field,
        refused.reason,
    )


def _printable(text: str, limit: int = 255) -> str:
    """The text as the database and JSON can hold it."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[:limit]


def _wake() -> None:
    """Tell the workers, twice a second at most: a tick looks anyway."""
    global _woken_at
    moment = time.monotonic()
    if not 0 <= moment - _woken_at < WAKE_SECONDS:
        _woken_at = moment
        enqueue(TASK)


def _note(
    rejected: Sequence[Rejection], found: Sequence[Any], ahead: Sequence[dict[str, Any]], key: Known, at: datetime
) -> None:
    rows = [
        IngestProblem(
            write_key_id=key.id, type=item.type[:20], message_id=item.message_id, field=item.field[:120],
            reason=item.reason[:300], body=_body(found[item.index]), received_at=at,
        )
        for item in rejected[:KEPT_PROBLEMS]
    ]  # fmt: skip
    rows += [
        IngestProblem(
            write_key_id=key.id, type=item["type"], message_id=item["messageId"], field="timestamp", reason=AHEAD,
            received_at=at,
        )
        for item in ahead[:KEPT_PROBLEMS]
    ]  # fmt: skip
    IngestProblem.objects.bulk_create(rows)


SECRETS = frozenset({"writeKey", "userHash"})


def _body(raw: Any) -> str:
    """What was sent, for developers to look at; never the key or a proof, with which any of them could send."""
    if type(raw) is dict:
        raw = {name: value for name, value in raw.items() if name not in SECRETS}
        if type(raw.get("context")) is dict:
            raw["context"] = {name: value for name, value in raw["context"].items() if name not in SECRETS}
    try:
        return json.dumps(raw)[: messages.MAX_MESSAGE_BYTES]
    except RecursionError:
        return ""


def note_body(problem: bodies.BadBody, *, key: Known, at: datetime) -> None:
    """Note a request that could not be read at all."""
    IngestProblem.objects.create(write_key_id=key.id, reason=problem.reason[:300], received_at=at)
