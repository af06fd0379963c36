"""Taking in what was received: claim, read, write, note what became of it; all in one transaction.

1. Claim: due rows of one connection, with SKIP LOCKED and one worker per connection at a time.
2. Read: each payload by the pure rules of its system. What cannot be used fails alone, with its reason.
3. Write: people first, then orders, refunds, cancellations, subscriptions, consents, requests, each kind in one set.
4. What lacks something is held until that arrives (`waits_for`) or until its time comes.
5. A batch that raises is halved until the bad one is alone; that one is tried again later, then fails. A kill before the
   commit leaves everything as it was.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database

from config.kit import sql
from customers.enums import DeliveryState
from customers.models import Connection, Delivery
from customers.sources.actions.write import Batch, Item, Outcome

log = logging.getLogger(__name__)

BATCH = 500
TRIES = 8
BACK_OFF = (
    timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1),
)  # fmt: skip
LONGEST_HELD = 40


def due(*, at: datetime, limit: int = BATCH) -> int:
    """Take in due webhooks of every active connection, up to `limit` of each; returns how many were looked at."""
    ids = Connection.objects.filter(is_active=True).order_by("id").values_list("id", flat=True)
    return sum(_of_connection(connection_id, limit, at) for connection_id in list(ids))


def _of_connection(connection_id: int, limit: int, at: datetime) -> int:
    with transaction.atomic():
        if not sql.try_lock(f"sources:{connection_id}"):
            return 0
        source = Connection.objects.filter(pk=connection_id, is_active=True).first()
        if source is None:
            return 0
        waiting = Delivery.objects.filter(connection=source, due_at__lte=at).order_by("due_at", "id")
        rows = list(sql.for_update(waiting, skip_locked=True)[:limit])
        if rows:
            _save(rows, _process(source, rows, at), source, at)
    return len(rows)


def _process(source: Connection, rows: Sequence[Delivery], at: datetime) -> dict[int, Outcome]:
    try:
        with transaction.atomic():
            batch = Batch(source, rows, at)
            batch.run()
            if sql.is_postgresql():
                database.check_constraints()  # a broken reference shows now, not when everything commits
            return batch.outcomes()
    except (OperationalError, InterfaceError):
        raise  # deadlock, lock time-out, lost connection: nobody's fault, the whole claim is taken back
    except Exception as error:
        if len(rows) == 1:
            log.exception("webhook %s could not be taken in", rows[0].pk)
            return {rows[0].pk: Outcome(DeliveryState.PENDING, f"{type(error).__name__}: {error}")}
    middle = len(rows) // 2
    return _process(source, rows[:middle], at) | _process(source, rows[middle:], at)


def _save(rows: Sequence[Delivery], outcomes: dict[int, Outcome], source: Connection, at: datetime) -> None:
    arrived: set[str] = set()
    changed = []
    for row in rows:
        outcome = outcomes[row.pk]
        arrived |= outcome.arrived
        state, due_at, attempts = outcome.state, None, row.attempts
        reason, waits_for = outcome.reason, outcome.waits_for
        if state in (DeliveryState.PENDING, DeliveryState.HELD) and not outcome.is_for_staff:
            attempts = min(attempts + 1, 32_000)
            state, due_at = _again(outcome, attempts, at)
        done_at = None if due_at or state == DeliveryState.HELD else at
        subject = outcome.subject or row.subject
        changed.append((row.pk, str(state), reason[:300], attempts, due_at, done_at, subject[:120], waits_for[:160]))
    columns = ["state", "reason", "attempts", "due_at", "done_at", "subject", "waits_for"]
    sql.update_many(Delivery, "id", columns, changed)
    if arrived:
        waiting = (
            Delivery.objects.filter(connection=source, waits_for__in=sorted(arrived))
            .exclude(waits_for="")
            .exclude(state=DeliveryState.DONE)
        )
        waiting.update(state=DeliveryState.PENDING, due_at=at)


def _again(outcome: Outcome, attempts: int, at: datetime) -> tuple[str, datetime | None]:
    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
    if outcome.state == DeliveryState.PENDING:
        return (DeliveryState.FAILED, None) if attempts >= TRIES else (DeliveryState.PENDING, at + wait)
    if outcome.gives_up and attempts >= Item.PATIENCE:
        return DeliveryState.IGNORED, None
    if attempts >= LONGEST_HELD:
        return DeliveryState.FAILED, None
    return DeliveryState.HELD, at + wait
