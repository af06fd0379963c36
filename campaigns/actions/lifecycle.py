"""A campaign's life: scheduled, sending, paused, stopped, sent."""

from datetime import datetime

from django.db import transaction

from campaigns.actions import planning
from campaigns.actions.content import freeze
from campaigns.actions.sweeping import close_finished
from campaigns.enums import CampaignState, SourceKind
from campaigns.models import Campaign
from campaigns.queries.audience import audience_ids
from config.kit.queue import enqueue
from customers.actions import audit


class CannotLaunch(Exception):
    """The campaign lacks something, or is not in a state to be launched; the text says what."""


def schedule(campaign: Campaign, *, when: datetime, user_id: int | None, at: datetime) -> Campaign:
    """Freeze a draft's content and let it go at `when`. Raises `CannotLaunch` or `template.BadTemplate`."""
    if campaign.segment_id is None or campaign.topic_id is None:
        raise CannotLaunch("Choose a segment and a topic first.")
    if not campaign.content.subject.strip():
        raise CannotLaunch("Write a subject first.")
    with transaction.atomic():
        version = freeze(campaign.content, at=at)
        changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.DRAFT).update(
            state=CampaignState.SCHEDULED, scheduled_at=when, content_version=version, launched_by_id=user_id, updated_at=at
        )
        if not changed:
            raise CannotLaunch("This campaign has been launched already.")
        audit.note("campaign.scheduled", subject=campaign.name, user_id=user_id, at=at, detail={"campaign": campaign.pk})
        if when <= at:
            enqueue("campaigns.launch_due")
    campaign.refresh_from_db()
    return campaign


def unschedule(campaign: Campaign, *, user_id: int | None, at: datetime) -> bool:
    """Back to a draft, as long as it was not launched."""
    changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SCHEDULED).update(
        state=CampaignState.DRAFT, scheduled_at=None, content_version=None, updated_at=at
    )
    if changed:
        audit.note("campaign.unscheduled", subject=campaign.name, user_id=user_id, at=at)
    return bool(changed)


def launch_due(*, at: datetime) -> int:
    """Launch campaigns whose time has come, and finish plans that a crash interrupted; returns how many were planned."""
    Campaign.objects.filter(state=CampaignState.SCHEDULED, scheduled_at__lte=at).update(
        state=CampaignState.SENDING, launched_at=at
    )
    unplanned = Campaign.objects.filter(state=CampaignState.SENDING, planned_at__isnull=True).order_by("id")
    return sum(_plan(campaign, at) for campaign in unplanned.select_related("segment", "exclude_segment", "topic"))


def _plan(campaign: Campaign, at: datetime) -> int:
    assert campaign.segment is not None
    assert campaign.content_version is not None
    planning.plan(
        audience=audience_ids(campaign.segment, campaign.exclude_segment),
        content_version=campaign.content_version,
        topic=campaign.topic,
        source_kind=SourceKind.CAMPAIGN,
        source_id=campaign.pk,
        occasion=f"campaign:{campaign.pk}",
        due_at=campaign.launched_at or at,
        at=at,
        holdout_percent=campaign.holdout_percent,
    )
    planning.skip_same_addresses(source_kind=SourceKind.CAMPAIGN, source_id=campaign.pk)
    planning.skip_unreachable_holdout(source_kind=SourceKind.CAMPAIGN, source_id=campaign.pk)
    with transaction.atomic():
        changed = Campaign.objects.filter(pk=campaign.pk, planned_at__isnull=True).update(planned_at=at)
        enqueue("campaigns.send_due")
    return changed


def pause(campaign: Campaign, *, user_id: int | None, at: datetime) -> bool:
    """Hold everything that has not left yet; False when it was not sending."""
    changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SENDING).update(
        state=CampaignState.PAUSED, problem="", updated_at=at
    )
    if changed:
        audit.note("campaign.paused", subject=campaign.name, user_id=user_id, at=at)
    return bool(changed)


def resume(campaign: Campaign, *, user_id: int | None, at: datetime) -> bool:
    """Go on where it was paused."""
    with transaction.atomic():
        changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.PAUSED).update(
            state=CampaignState.SENDING, problem="", updated_at=at
        )
        if changed:
            audit.note("campaign.resumed", subject=campaign.name, user_id=user_id, at=at)
            enqueue("campaigns.send_due")
    return bool(changed)


def stop(campaign: Campaign, *, user_id: int | None, at: datetime) -> int:
    """Stop for good: what has not left is cancelled. Returns how many people will not get it."""
    with transaction.atomic():
        changed = Campaign.objects.filter(
            pk=campaign.pk, state__in=[CampaignState.SENDING, CampaignState.PAUSED, CampaignState.SCHEDULED]
        ).update(state=CampaignState.STOPPED, finished_at=at, updated_at=at)
        if not changed:
            return 0
        count = planning.cancel(source_kind=SourceKind.CAMPAIGN, source_id=campaign.pk)
        audit.note("campaign.stopped", subject=campaign.name, user_id=user_id, at=at, detail={"cancelled": count})
    return count


__all__ = ["CannotLaunch", "close_finished", "launch_due", "pause", "resume", "schedule", "stop", "unschedule"]
