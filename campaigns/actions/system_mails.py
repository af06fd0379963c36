"""Single mails that somebody asked for, sent as every message is: claim, gate and intent, hand over, record.

The policy is that of transactional mail, at least once: a mail whose answer was lost goes out once more under the same
Message-ID. The kill points are those of `actions.sending`.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from django.utils import translation

from campaigns.adapters.transport import CannotConnect, Outcome, Transport
from campaigns.enums import DUE_STATES, UNFINISHED, MessageState, Reason
from campaigns.models import OutboxMail
from campaigns.models import SystemMail as Row
from campaigns.queries.database_clock import database_now
from campaigns.rules import gate, headers, mime
from campaigns.rules.template import one_line
from config.kit import sql
from config.kit.queue import enqueue
from customers.actions import consent
from customers.enums import Channel, SuppressionReason
from customers.models import Suppression
from customers.ports.system_mail import SystemMail
from customers.queries import brand as brands
from customers.rules import addresses

log = logging.getLogger(__name__)

CLAIM = 50
LEASE = timedelta(minutes=10)
ATTEMPT = timedelta(minutes=5)
TALK_SECONDS = 240
FIRST_RETRY = timedelta(minutes=5)
TRIES = 14  # 5 min x 1.5^n adds up to 72 hours
TRIES_WITHOUT_ANSWER = 2
KEPT = timedelta(days=30)


def send(mail: SystemMail, at: datetime) -> bool:
    """The port `system_mail`: write one mail down, in the caller's transaction; False when its key was written before."""
    with transaction.atomic():
        _, is_new = Row.objects.get_or_create(
            key=mail.key,
            defaults={
                "template": mail.template, "recipient": addresses.normal(Channel.EMAIL, mail.address),
                "address_hash": addresses.fingerprint(Channel.EMAIL, mail.address), "values": dict(mail.values),
                "locale": mail.locale, "despite": list(mail.despite), "created_at": at, "due_at": at,
            },
        )  # fmt: skip
        if is_new:
            enqueue("campaigns.send_due")
    return is_new


def send_batch(transport: Transport, *, at: datetime, limit: int = CLAIM) -> int:
    """Send what is due, at most `limit`; returns how many rows were taken, 0 when nothing is due."""
    token = uuid4()
    rows = _take(token, limit=limit, at=at)
    mails = [mail for row in rows if (mail := _passed(row, token, at)) is not None]
    if not mails:
        return len(rows)
    try:
        outcomes = transport.deliver(mails, deadline=time.monotonic() + TALK_SECONDS)
    except CannotConnect as error:
        log.warning("mail server is away: %s", error)
        outcomes = [Outcome(mail.message_id, MessageState.DEFERRED, Reason.CONNECTION, str(error)) for mail in mails]
    attempts = {row.pk: row for row in rows}
    for outcome in outcomes:
        _record(outcome, attempts[-outcome.message_id], token, at)
    return len(rows)


def _take(token: UUID, *, limit: int, at: datetime) -> Sequence[Row]:
    with transaction.atomic():
        due = Row.objects.filter(state__in=DUE_STATES, due_at__lte=at).order_by("due_at")
        ids = list(sql.for_update(due, skip_locked=True).values_list("id", flat=True)[:limit])
        Row.objects.filter(id__in=ids).update(state=MessageState.CLAIMED, token=token, lease_until=database_now() + LEASE)
    return list(Row.objects.filter(id__in=ids, token=token).order_by("id"))


def _passed(row: Row, token: UUID, at: datetime) -> mime.Mail | None:
    """The mail when it may leave: filled in, the address not blocked, and the intent committed."""
    mine = Row.objects.filter(pk=row.pk, token=token, state=MessageState.CLAIMED)
    if not gate.is_address(row.recipient):
        mine.update(state=MessageState.SKIPPED, reason=Reason.BAD_ADDRESS, token=None, values={})
        return None
    try:
        mail = _filled(row, at)
    except (TemplateDoesNotExist, TemplateSyntaxError, ValueError, TypeError, KeyError) as error:
        log.exception("system mail %s cannot be filled in", row.pk)
        mine.update(state=MessageState.FAILED, reason=Reason.RENDER_ERROR, detail=str(error)[:300], token=None, values={})
        return None
    listed = Suppression.objects.filter(channel=Channel.EMAIL, address_hash=OuterRef("address_hash"))
    blocked = Exists(listed.exclude(reason__in=row.despite))
    intended = mine.filter(~blocked).update(
        state=MessageState.SENDING, reason="", attempt_no=F("attempt_no") + 1, attempt_deadline=database_now() + ATTEMPT,
        lease_until=None,
    )  # fmt: skip
    if not intended:
        mine.update(state=MessageState.SKIPPED, reason=Reason.SUPPRESSED, token=None, values={})
        return None
    row.attempt_no += 1
    return mail


def _filled(row: Row, at: datetime) -> mime.Mail:
    brand = brands.current()
    sender = brand.sender_email or settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip("> ")
    context: dict[str, Any] = {**row.values, "brand": brand}
    folder, _, name = row.template.partition("/")
    with translation.override(row.locale or brand.locale or settings.LANGUAGE_CODE):
        subject = one_line(render_to_string(f"emails/{folder}/{name}.subject.txt", context))[:900]
        text = render_to_string(f"emails/{folder}/{name}.txt", context)
        html = render_to_string(f"emails/{folder}/{name}.html", context)
    lines = headers.constant(
        sender_name=brand.sender_name or brand.name, sender_email=sender, reply_to=brand.reply_to, list_id="", feedback="",
    ) + "Auto-Submitted: auto-generated\r\n"  # fmt: skip
    lines += headers.personal(
        recipient=row.recipient, subject=subject, message_id=-row.pk, domain=headers.domain_of(sender),
        date=mime.date(at), unsubscribe_url="", unsubscribe_mail="",
    )  # fmt: skip
    return mime.Mail(-row.pk, sender, row.recipient, subject, lines, text, html)


def _record(outcome: Outcome, row: Row, token: UUID, at: datetime) -> None:
    state, reason, due_at = outcome.state, outcome.reason, row.due_at
    if state == MessageState.DEFERRED and row.attempt_no < TRIES:
        due_at = at + FIRST_RETRY * 1.5 ** min(row.attempt_no - 1, 12)
    elif state == MessageState.DEFERRED:
        state, reason = MessageState.FAILED, Reason.GAVE_UP
    elif state == MessageState.UNKNOWN and row.attempt_no < TRIES_WITHOUT_ANSWER:
        state, due_at = MessageState.DEFERRED, at + FIRST_RETRY
    changes: dict[str, Any] = {
        "state": state, "reason": reason, "detail": outcome.detail[:300], "provider_id": outcome.provider_id[:120],
        "due_at": due_at, "token": None, "attempt_deadline": None,
    }  # fmt: skip
    if state == MessageState.SENT:
        changes["sent_at"] = at
    if state == MessageState.PLANNED:
        changes["attempt_no"] = row.attempt_no - 1
    if state not in UNFINISHED:
        changes["values"] = {}
    with transaction.atomic():
        mine = Row.objects.filter(pk=row.pk, token=token, state=MessageState.SENDING).update(**changes)
        if mine and reason == Reason.NO_SUCH_MAILBOX:
            bounced = SuppressionReason.HARD_BOUNCE
            consent.suppress(channel=Channel.EMAIL, address=row.recipient, reason=bounced, at=at)


def sweep(*, at: datetime, grace: timedelta) -> dict[str, int]:
    """Free expired claims, judge attempts without an answer, forget old rows; returns counts by what was done."""
    moment = database_now()
    freed = Row.objects.filter(state=MessageState.CLAIMED, lease_until__lt=moment).update(
        state=MessageState.PLANNED, token=None, lease_until=None
    )
    stuck = Row.objects.filter(state=MessageState.SENDING, attempt_deadline__lt=moment - grace)
    kept = OutboxMail.objects.filter(system_mail=OuterRef("pk"))
    again = Q(attempt_no__lt=TRIES_WITHOUT_ANSWER)
    if urlsplit(settings.EMAIL_URL).scheme == "outbox":
        again = Q()  # not in the outbox: certainly not sent
    with transaction.atomic():
        proved = stuck.filter(Exists(kept)).update(
            state=MessageState.SENT, sent_at=at, token=None, attempt_deadline=None, values={}
        )
        retried = stuck.filter(again).update(state=MessageState.PLANNED, token=None, attempt_deadline=None)
        unknown = stuck.update(
            state=MessageState.UNKNOWN, reason=Reason.ANSWER_LOST, token=None, attempt_deadline=None, values={}
        )
    forgotten, _ = Row.objects.filter(created_at__lt=at - KEPT).exclude(state__in=UNFINISHED).delete()
    return {"freed": freed, "proved": proved, "retried": retried, "unknown": unknown, "forgotten": forgotten}


def forget(address: str) -> int:
    """Delete what was written to one address, its copies in the local outbox included (erasure); returns how many."""
    rows = Row.objects.filter(address_hash=addresses.fingerprint(Channel.EMAIL, address))
    OutboxMail.objects.filter(system_mail__in=rows).delete()
    return rows.delete()[0]
