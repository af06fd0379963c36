"""Campaigns and journeys as the senders of messages that segments ask about: "campaign:12", "journey:3"."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from campaigns.enums import CampaignState, SourceKind
from campaigns.journeys.enums import JourneyState
from campaigns.journeys.models import Journey
from campaigns.models import Campaign
from customers.ports.message_sources import Source


def recent(limit: int) -> list[Source]:
    """The newest campaigns that were launched and journeys that were live, at most `limit` of each; two queries."""
    campaigns = Campaign.objects.exclude(state=CampaignState.DRAFT).order_by("-id")[:limit]
    journeys = Journey.objects.exclude(state=JourneyState.DRAFT).order_by("-id")[:limit]
    return [
        *(Source(_key(SourceKind.CAMPAIGN, pk), name, _("Campaigns")) for pk, name in campaigns.values_list("pk", "name")),
        *(Source(_key(SourceKind.JOURNEY, pk), name, _("Journeys")) for pk, name in journeys.values_list("pk", "name")),
    ]


def labels(keys: Sequence[str]) -> dict[str, str]:
    """The names of those of `keys` that still exist; at most two queries. What is no key of ours is passed over."""
    found: dict[str, str] = {}
    for kind, model in ((SourceKind.CAMPAIGN, Campaign), (SourceKind.JOURNEY, Journey)):
        parts = (key.partition(":") for key in keys)
        ids = {int(text) for prefix, _colon, text in parts if prefix == kind and _is_id(text)}
        if ids:
            rows = model.objects.filter(pk__in=ids).values_list("pk", "name")
            found |= {_key(kind, pk): name for pk, name in rows}
    return found


def _key(kind: SourceKind, pk: int) -> str:
    return f"{kind.value}:{pk}"


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
