"""Batches that wait, to the timeline and the profiles: each message once, in the order of its arrival.

1. One worker at a time (a named lock); batches are read in the order of their ids, thousands of messages in a transaction.
2. Messages are worked in sets (`sets.take`). A set that raises is rolled back and halved until the bad message is alone;
   that one is held as an `IngestProblem`, the others go on.
3. The batches are deleted in the same transaction: a kill leaves everything as it was, and nothing is taken twice.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F

from config.kit import sql
from config.kit.queue import without_collector
from customers.enums import KeyKind
from customers.ingest.actions import sets
from customers.ingest.actions.sets import Message
from customers.models import IngestBatch, IngestProblem, WriteKey

log = logging.getLogger(__name__)
LOCK = "customers.take_in"
MESSAGES = 5_000
MOST_BATCHES = 2_500
RECENT = 50


def take_in(*, at: datetime, limit: int = MESSAGES) -> int:
    """Take in about `limit` waiting messages; returns how many, 0 when none waits or another worker is at it."""
    if not IngestBatch.objects.exists():
        return 0
    with without_collector(), transaction.atomic():
        if not sql.try_lock(LOCK):
            return 0
        batches = _next(limit)
        messages = [message for batch in batches for message in _messages(*batch[1:])]
        problems = carefully(messages, at)
        IngestProblem.objects.bulk_create(problems)
        IngestBatch.objects.filter(id__among=[batch[0] for batch in batches]).delete()
        _show(messages)
    return len(messages)


Batch = tuple[int, int, bool, datetime, str]


def _next(limit: int) -> list[Batch]:
    """The oldest batches that together hold about `limit` messages, at least one batch."""
    sizes = IngestBatch.objects.order_by("id").values_list("id", "message_count")[:MOST_BATCHES]
    ids: list[int] = []
    total = 0
    for batch_id, count in sizes:
        ids.append(batch_id)
        total += count
        if total >= limit:
            break
    rows = IngestBatch.objects.filter(id__among=ids).order_by("id")
    return [
        (batch_id, key_id, kind == KeyKind.SERVER, received_at, body)
        for batch_id, key_id, kind, received_at, body in rows.values_list(
            "id", "write_key_id", "write_key__kind", "received_at", "body"
        )
    ]


def _messages(key_id: int, is_server: bool, received_at: datetime, body: str) -> list[Message]:
    return [Message(data, key_id, is_server, received_at) for data in orjson.loads(body)]


def carefully(messages: Sequence[Message], at: datetime) -> list[IngestProblem]:
    """Work messages in the caller's transaction; what cannot be taken comes back as problems that are not saved yet."""
    if not messages:
        return []
    try:
        with transaction.atomic():
            problems = sets.take(messages, at=at)
            if sql.is_postgresql():
                connection.check_constraints()  # a customer who was deleted meanwhile shows here, not at the commit
            return problems
    except Exception as error:
        if isinstance(error, DatabaseError | InterfaceError) and sql.is_passing(error):
            raise
        if len(messages) == 1:
            log.exception("ingest: a message is held")
            return [sets.held(messages[0], f"{type(error).__name__}: {error}")]
    middle = len(messages) // 2
    return carefully(messages[:middle], at) + carefully(messages[middle:], at)


def _show(messages: Sequence[Message]) -> None:
    """Keep what arrived last for the developers' page: kinds and names, no data of persons."""
    by_key: dict[int, list[Message]] = {}
    for message in messages:
        by_key.setdefault(message.key_id, []).append(message)
    for key_id, own in sorted(by_key.items()):
        latest: list[dict[str, Any]] = [_line(message) for message in reversed(own[-RECENT:])]
        if len(latest) < RECENT:
            before = WriteKey.objects.values_list("recent", flat=True).get(pk=key_id)
            latest += before[: RECENT - len(latest)]
        WriteKey.objects.filter(pk=key_id).update(recent=latest, message_count=F("message_count") + len(own))


def _line(message: Message) -> dict[str, Any]:
    data = message.data
    who = "user" if "userId" in data else "visitor" if "anonymousId" in data else "address"
    name = data.get("event") or data.get("properties", {}).get("name") or ""
    return {
        "at": message.received_at.isoformat(), "type": data["type"], "name": str(name)[:80], "who": who,
        "id": data["messageId"],
    }  # fmt: skip
