"""How much of the messages' background work waits, for the watchdog page."""

from datetime import datetime

from django.db.models import Count, Min

from campaigns.enums import DUE_STATES, CampaignState, MessageState, SourceKind
from campaigns.models import Campaign, Message, SystemMail
from campaigns.queries.database_clock import database_now
from customers.ports.jobs import Due


def messages_due(at: datetime) -> Due:
    """Messages and system mails that could leave now; those of paused campaigns do not count."""
    paused = Campaign.objects.exclude(state=CampaignState.SENDING).values("pk")
    found = (
        Message.objects.filter(state__in=DUE_STATES, due_at__lte=at)
        .exclude(source_kind=SourceKind.CAMPAIGN, source_id__in=paused)
        .aggregate(count=Count("id"), oldest=Min("due_at"))
    )
    single = SystemMail.objects.filter(state__in=DUE_STATES, due_at__lte=at).aggregate(
        count=Count("id"), oldest=Min("due_at")
    )
    oldest = [moment for moment in (found["oldest"], single["oldest"]) if moment]
    return Due(found["count"] + single["count"], min(oldest, default=None))


def campaigns_due(at: datetime) -> Due:
    """Scheduled campaigns whose time has come, and launched ones whose plan is not complete."""
    found = Campaign.objects.filter(state=CampaignState.SCHEDULED, scheduled_at__lte=at).aggregate(
        count=Count("id"), oldest=Min("scheduled_at")
    )
    return Due(found["count"], found["oldest"])


def stuck(at: datetime) -> Due:
    """Claims and attempts past their time, which the sweeper will judge."""
    moment = database_now()
    found = Message.objects.filter(state=MessageState.SENDING, attempt_deadline__lt=moment).aggregate(
        count=Count("id"), oldest=Min("attempt_deadline")
    )
    return Due(found["count"], found["oldest"])
