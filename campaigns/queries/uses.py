"""Which campaigns build on which segments."""

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse

from campaigns.enums import CampaignState
from campaigns.models import Campaign
from customers.ports.segment_uses import Use

LIVE = (CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED)


def of_segments(segment_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Campaigns that reach or leave out these segments, in one query."""
    found: dict[int, list[Use]] = {}
    wanted = set(segment_ids)
    rows = Campaign.objects.filter(Q(segment__in=wanted) | Q(exclude_segment__in=wanted)).order_by("pk")
    for pk, name, state, *segments in rows.values_list("pk", "name", "state", "segment_id", "exclude_segment_id"):
        for segment_id in wanted.intersection(segments):
            url = reverse("campaigns:campaign-detail", args=[pk])
            found.setdefault(segment_id, []).append(Use("Campaign", name, url, state in LIVE))
    return found
