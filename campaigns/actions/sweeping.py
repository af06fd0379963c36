"""Putting right what crashed workers left: each sweep is harmless when repeated."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.enums import UNFINISHED, CampaignState, MessageState, Reason, SourceKind
from campaigns.models import Campaign, Message, OutboxMail
from campaigns.queries.database_clock import database_now

# A frozen worker may wake up after its deadline; only after this much more is its row judged.
GRACE = timedelta(minutes=10)


def sweep(*, at: datetime, grace: timedelta = GRACE) -> dict[str, int]:
    """Free expired claims, judge attempts without an answer, close finished campaigns; returns counts by what was done."""
    moment = database_now()
    freed = Message.objects.filter(state=MessageState.CLAIMED, lease_until__lt=moment).update(
        state=MessageState.PLANNED, token=None, lease_until=None
    )
    settled = _judge(Message.objects.filter(state=MessageState.SENDING, attempt_deadline__lt=moment - grace), at)
    finished = close_finished(at=at)
    return {"freed": freed, **settled, "finished": finished}


def _judge(stuck: QuerySet[Message], at: datetime) -> dict[str, int]:
    """Evidence first (our own outbox), then policy: transactional mail once more, marketing never by itself."""
    with transaction.atomic():
        kept = OutboxMail.objects.filter(message=OuterRef("pk"))
        proved = stuck.filter(Exists(kept)).update(
            state=MessageState.SENT, sent_at=at, token=None, attempt_deadline=None, detail="Found in the local outbox"
        )
        again = Q(source_kind=SourceKind.TRANSACTIONAL, attempt_no__lt=2)
        if urlsplit(settings.EMAIL_URL).scheme == "outbox":
            again = Q()  # not in the outbox: certainly not sent
        retried = stuck.filter(again).update(state=MessageState.PLANNED, token=None, attempt_deadline=None)
        unknown = stuck.update(
            state=MessageState.UNKNOWN, reason=Reason.ANSWER_LOST, token=None, attempt_deadline=None,
            detail="The worker ended before the mail server's answer was recorded",
        )  # fmt: skip
    return {"proved": proved, "retried": retried, "unknown": unknown}


def close_finished(*, at: datetime) -> int:
    """Campaigns whose last message has left become `sent`."""
    waiting = Message.objects.filter(source_kind=SourceKind.CAMPAIGN, source_id=OuterRef("pk"), state__in=UNFINISHED)
    return (
        Campaign.objects.filter(~Exists(waiting), state=CampaignState.SENDING, planned_at__isnull=False)
        .update(state=CampaignState.SENT, finished_at=at, problem="")
    )  # fmt: skip


def resend_unknown(*, source_kind: str, source_id: int, at: datetime) -> int:
    """Staff's decision: send what became `unknown` once more, knowing that some may arrive twice. Returns how many."""
    with transaction.atomic():
        count = Message.objects.filter(source_kind=source_kind, source_id=source_id, state=MessageState.UNKNOWN).update(
            state=MessageState.PLANNED, due_at=at, reason="", detail="Sent again by staff", token=None
        )
        if count and source_kind == SourceKind.CAMPAIGN:
            Campaign.objects.filter(pk=source_id, state=CampaignState.SENT).update(
                state=CampaignState.SENDING, finished_at=None
            )
    return count
