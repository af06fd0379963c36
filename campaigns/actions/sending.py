"""From due rows to handed-over mails: claim, fill in, pass the gate, hand over, record.

Where a kill can land, and what follows:
1. after the claim: the lease ends, the sweeper gives the row back, somebody else sends it;
2. after the gate committed `sending`, before or during the talk with the server: nobody knows whether the server took it,
   so the row becomes `unknown` after its deadline and is never sent again by itself;
3. after the answer was recorded: done.
A worker that was frozen past its lease finds its token gone and its updates change nothing.
"""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from campaigns import events
from campaigns.actions.rendering import Recipient, prepared, render_batch
from campaigns.adapters.transport import CannotConnect, NotAllowed, Outcome, Transport
from campaigns.enums import DUE_STATES, CampaignState, MessageState, Reason, SourceKind
from campaigns.models import Campaign, Message
from campaigns.queries.database_clock import database_now
from campaigns.queries.gate_facts import candidates
from campaigns.queries.recipients import SourceFailed
from campaigns.rules import gate
from campaigns.rules.mime import Mail
from config.kit import sql
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import Channel, SuppressionReason

log = logging.getLogger(__name__)

CLAIM = 500
# Rows between two commits: a kill leaves at most this many `unknown`; smaller costs a commit more often.
STEP = 200
LEASE = timedelta(minutes=10)
ATTEMPT = timedelta(minutes=5)
TALK_SECONDS = 240  # shorter than ATTEMPT: the talk ends before anybody may judge the row
FIRST_RETRY = timedelta(minutes=5)
PATIENCE = timedelta(hours=72)


@dataclass(slots=True)
class Claim:
    """Rows that this worker holds, fenced by `token`."""

    token: UUID
    recipients: list[Recipient] = field(default_factory=list)


def send_batch(transport: Transport, *, at: datetime, limit: int = CLAIM) -> int:
    """Send what is due, at most `limit`; returns how many rows were taken, 0 when nothing is due."""
    claim = take(limit=limit, at=at)
    if not claim.recipients:
        return 0
    try:
        mails, failed = render_batch(claim.recipients, at=at)
    except SourceFailed as error:
        _give_back(claim, at=at, detail=str(error), after=FIRST_RETRY)
        return len(claim.recipients)
    _fail(claim.token, failed)
    try:
        for start in range(0, len(mails), STEP):
            send_step(transport, mails[start : start + STEP], claim, at=at)
    except NotAllowed as error:
        _pause_all(claim.recipients, str(error))
        _give_back(claim, at=at, detail=str(error), after=FIRST_RETRY)
    except CannotConnect as error:
        log.warning("mail server is away: %s", error)
        _give_back(claim, at=at, detail=str(error), after=FIRST_RETRY)
    return len(claim.recipients)


def take(*, limit: int, at: datetime) -> Claim:
    """Claim due rows of running campaigns, journeys and transactional mail, the latter first."""
    claim = Claim(uuid4())
    running = Campaign.objects.filter(state=CampaignState.SENDING, planned_at__isnull=False).order_by("id")
    sources: list[dict[str, Any]] = [{"source_kind": SourceKind.TRANSACTIONAL}, {"source_kind": SourceKind.JOURNEY}]
    sources += [{"source_kind": SourceKind.CAMPAIGN, "source_id": i} for i in running.values_list("id", flat=True)]
    with transaction.atomic():
        ids: list[int] = []
        for source in sources:
            due = Message.objects.filter(state__in=DUE_STATES, due_at__lte=at, channel=Channel.EMAIL, **source)
            locked = sql.for_update(due.order_by("source_kind", "source_id", "due_at"), skip_locked=True)
            ids += locked.values_list("id", flat=True)[: limit - len(ids)]
            if len(ids) >= limit:
                break
        if ids:
            Message.objects.filter(id__in=ids).update(
                state=MessageState.CLAIMED, token=claim.token, lease_until=database_now() + LEASE
            )
            rows = Message.objects.filter(id__in=ids).values_list(
                "id", "customer_id", "customer__email", "source_kind", "source_id", "content_version_id",
                "content_version__digest", "attempt_no", "customer__preference__is_tracked",
            )  # fmt: skip
            claim.recipients = [Recipient(*row[:-1], is_tracked=row[-1] is not False) for row in rows]
    return claim


def send_step(transport: Transport, mails: Sequence[Mail], claim: Claim, *, at: datetime) -> None:
    """Gate, hand over and record one step of a claim."""
    tracked = {recipient.message_id for recipient in claim.recipients if recipient.is_tracked}
    passed = pass_gate([mail.message_id for mail in mails], claim.token, tracked=tracked, at=at)
    allowed = [mail for mail in mails if mail.message_id in passed]
    if not allowed:
        return
    try:
        outcomes = transport.deliver(allowed, deadline=time.monotonic() + TALK_SECONDS)
    except CannotConnect:
        # Nothing was begun: these rows go back as they were.
        record([Outcome(mail.message_id, MessageState.PLANNED) for mail in allowed], claim, at=at)
        raise
    record(outcomes, claim, at=at)
    ours = next((outcome for outcome in outcomes if outcome.is_ours), None)
    if ours:
        raise NotAllowed(ours.detail)


def pass_gate(ids: Sequence[int], token: UUID, *, tracked: Collection[int] = (), at: datetime) -> set[int]:
    """Decide for claimed rows and commit the decision: the rest may be sent now, and only by the holder of `token`.

    Consent, suppression, the person's pause and the campaign's state are asked again inside the UPDATE itself: until this
    statement a withdrawal wins. The `tracked` were filled in with an open pixel and counted links: who switched that off
    meanwhile is filled in again without.
    """
    with transaction.atomic():
        sendable: list[tuple[int, str]] = []
        refused: dict[gate.Verdict, list[int]] = {}
        for candidate in candidates(ids, token, at=at):
            verdict = gate.decide(candidate.facts, at=at)
            if verdict.answer == gate.Answer.SEND:
                sendable.append((candidate.id, candidate.address_hash))
            else:
                refused.setdefault(verdict, []).append(candidate.id)
        for verdict, refused_ids in refused.items():
            _refuse(refused_ids, token, verdict)
        passed = _intend(sendable, token, at, tracked)
        late = {message_id for message_id, _ in sendable} - passed
        Message.objects.filter(id__in=late, token=token, state=MessageState.CLAIMED).update(
            state=MessageState.PLANNED, token=None, lease_until=None
        )
    return passed


def _refuse(ids: Sequence[int], token: UUID, verdict: gate.Verdict) -> None:
    rows = Message.objects.filter(id__in=ids, token=token, state=MessageState.CLAIMED)
    if verdict.answer == gate.Answer.DEFER:
        rows.update(state=MessageState.DEFERRED, reason=verdict.reason, due_at=verdict.until, token=None, lease_until=None)
    elif verdict.reason == Reason.STOPPED:
        # Paused campaigns keep their rows; stopped ones were cancelled already.
        rows.update(state=MessageState.PLANNED, token=None, lease_until=None)
    else:
        rows.update(state=MessageState.SKIPPED, reason=verdict.reason, token=None, lease_until=None)


def _intend(sendable: Sequence[tuple[int, str]], token: UUID, at: datetime, tracked: Collection[int] = ()) -> set[int]:
    if not sendable:
        return set()
    deadline = database_now() + ATTEMPT
    prepare = _prepared_values(attempt_started_at=at, attempt_deadline=deadline, token=token)
    marks = ", ".join(["(%s, %s, %s)"] * len(sendable))
    values = [value for pair in sendable for value in (*pair, int(pair[0] in tracked))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE "campaigns_message" AS m
            SET "state" = 'sending', "reason" = '', "attempt_no" = m."attempt_no" + 1, "attempt_started_at" = %s,
                "attempt_deadline" = %s, "lease_until" = NULL
            FROM (VALUES {marks}) AS v
            WHERE m."id" = v.column1 AND m."token" = %s AND m."state" = 'claimed'
              AND NOT EXISTS (SELECT 1 FROM "customers_suppression" s
                              WHERE s."channel" = m."channel" AND s."address_hash" = v.column2)
              AND (m."source_kind" = 'transactional' OR EXISTS (
                   SELECT 1 FROM "customers_consent" c WHERE c."customer_id" = m."customer_id"
                   AND c."topic_id" = m."topic_id" AND c."channel" = m."channel" AND c."state" = 'granted'))
              AND NOT EXISTS (
                   SELECT 1 FROM "customers_preference" p WHERE p."customer_id" = m."customer_id"
                   AND ((p."paused_until" > %s AND m."source_kind" <> 'transactional')
                        OR (v.column3 = 1 AND NOT p."is_tracked")))
              AND (m."source_kind" <> 'campaign' OR EXISTS (
                   SELECT 1 FROM "campaigns_campaign" k WHERE k."id" = m."source_id" AND k."state" = 'sending'))
            RETURNING "id"
            """,
            [prepare[0], prepare[1], *values, prepare[2], prepare[0]],
        )
        return {row[0] for row in cursor.fetchall()}


def _prepared_values(**values: Any) -> list[Any]:
    fields: list[Any] = [Message._meta.get_field(name) for name in values]
    return [field.get_db_prep_save(values[field.name], connection) for field in fields]


def record(outcomes: Iterable[Outcome], claim: Claim, *, at: datetime) -> int:
    """Write what became of handed-over rows, and the events of those that the server took; returns how many were.

    Rows that another holder took meanwhile are left alone.
    """
    attempts = {recipient.message_id: recipient for recipient in claim.recipients}
    rows = [_row(outcome, attempts[outcome.message_id], at) for outcome in outcomes]
    if not rows:
        return 0
    cast = "::timestamptz" if sql.is_postgresql() else ""
    marks = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(rows))
    [token] = _prepared_values(token=claim.token)
    values = [value for row in rows for value in row]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE "campaigns_message" AS m
                SET "state" = v.column2, "reason" = v.column3, "detail" = v.column4, "provider_id" = v.column5,
                    "due_at" = COALESCE(v.column6{cast}, m."due_at"), "sent_at" = COALESCE(v.column7{cast}, m."sent_at"),
                    "attempt_no" = m."attempt_no" - CASE v.column2 WHEN 'planned' THEN 1 ELSE 0 END,
                    "token" = NULL, "attempt_deadline" = NULL
                FROM (VALUES {marks}) AS v
                WHERE m."id" = v.column1 AND m."token" = %s AND m."state" = 'sending'
                RETURNING "id", "state"
                """,
                [*values, token],
            )
            written = cursor.fetchall()
        sent = [attempts[message_id] for message_id, state in written if state == MessageState.SENT]
        _tell(sent, events.MESSAGE_SENT, at)
        gone = [row[0] for row in rows if row[2] == Reason.NO_SUCH_MAILBOX]
        for message_id in gone:
            recipient = attempts[message_id]
            consent.suppress(
                channel=Channel.EMAIL, address=recipient.address, reason=SuppressionReason.HARD_BOUNCE, at=at,
                customer_id=recipient.customer_id,
            )  # fmt: skip
        _tell([attempts[message_id] for message_id in gone], events.MESSAGE_BOUNCED, at)
    return len(sent)


def _row(outcome: Outcome, recipient: Recipient, at: datetime) -> tuple[Any, ...]:
    state, reason, due_at, sent_at = outcome.state, outcome.reason, None, None
    if state == MessageState.SENT:
        sent_at = at
    elif state == MessageState.DEFERRED:
        wait = FIRST_RETRY * 1.5 ** min(recipient.attempt_no, 12)
        if recipient.attempt_no >= 14:  # 5 min x 1.5^n adds up to 72 hours after fourteen attempts
            state, reason = MessageState.FAILED, Reason.GAVE_UP
        else:
            due_at = at + wait
    prepare = _prepared_values(due_at=due_at, sent_at=sent_at)
    return (outcome.message_id, state, reason, outcome.detail[:300], outcome.provider_id[:120], *prepare)


def _tell(recipients: Sequence[Recipient], name: str, at: datetime) -> None:
    record_many(
        [
            NewEvent(
                r.customer_id,
                name,
                at,
                event_key("campaigns", name, r.message_id),
                "campaigns",
                {
                    "message_id": r.message_id,
                    "source_kind": str(r.source_kind),
                    "source_id": r.source_id,
                    "channel": "email",
                    "name": prepared(r.version_id, r.digest, r.source_kind, r.source_id).name,
                },
            )
            for r in recipients
        ],
        at=at,
    )


def _fail(token: UUID, failed: dict[int, str]) -> None:
    for message_id, words in failed.items():
        Message.objects.filter(id=message_id, token=token, state=MessageState.CLAIMED).update(
            state=MessageState.FAILED, reason=Reason.RENDER_ERROR, detail=words[:300], token=None, lease_until=None
        )


def _give_back(claim: Claim, *, at: datetime, detail: str, after: timedelta) -> None:
    """Rows of this claim that were not begun wait `after` and are then due again; attempts are not counted."""
    ids = [recipient.message_id for recipient in claim.recipients]
    Message.objects.filter(id__in=ids, token=claim.token, state=MessageState.CLAIMED).update(
        state=MessageState.DEFERRED,
        reason=Reason.CONNECTION,
        detail=detail[:300],
        due_at=at + after,
        token=None,
        lease_until=None,
    )
    Message.objects.filter(id__in=ids, state=MessageState.PLANNED, token=None, due_at__lte=at).update(
        state=MessageState.DEFERRED, reason=Reason.CONNECTION, detail=detail[:300], due_at=at + after
    )


def _pause_all(recipients: Sequence[Recipient], problem: str) -> None:
    ids = {r.source_id for r in recipients if r.source_kind == SourceKind.CAMPAIGN}
    log.error("campaigns %s paused: %s", sorted(ids), problem)
    Campaign.objects.filter(id__in=ids, state=CampaignState.SENDING).update(
        state=CampaignState.PAUSED, problem=problem[:300]
    )
