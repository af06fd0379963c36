"""Which journeys build on which segments."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import reverse

from campaigns.journeys.enums import JourneyState
from campaigns.journeys.models import Journey, JourneyVersion
from customers.ports.segment_uses import Use


def of_segments(segment_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Uses by segment: as entry, goal, exit, audience or condition of a step; two queries, journeys are few."""
    wanted, found = set(segment_ids), defaultdict(list)
    graphs: dict[int, list[Any]] = defaultdict(list)
    for journey_id, graph in JourneyVersion.objects.values_list("journey_id", "graph"):
        graphs[journey_id].append(graph)
    for journey in Journey.objects.exclude(state=JourneyState.STOPPED).order_by("name"):
        named = set(_named([journey.entry, journey.goal, journey.exits, graphs[journey.pk]]))
        for segment_id in named & wanted:
            is_live = journey.state in (JourneyState.LIVE, JourneyState.PAUSED)
            url = reverse("campaigns:journey-detail", args=[journey.pk])
            found[segment_id].append(Use("Journey", journey.name, url, is_live))
    return dict(found)


def of_events(names: Sequence[str]) -> dict[str, list[Use]]:
    """Journeys whose entry is one of these events; one query."""
    found: dict[str, list[Use]] = defaultdict(list)
    for journey in Journey.objects.exclude(state=JourneyState.STOPPED).order_by("name"):
        name = journey.entry.get("event") if isinstance(journey.entry, Mapping) else None
        if name in names:
            url = reverse("campaigns:journey-detail", args=[journey.pk])
            found[str(name)].append(Use("Journey", journey.name, url, journey.state == JourneyState.LIVE))
    return dict(found)


def _named(value: Any) -> Iterator[int]:
    """Every segment that JSON names: `segment_id` of a trigger, `segment` of a condition."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("segment_id", "segment") and isinstance(item, int) and not isinstance(item, bool):
                yield item
            else:
                yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)
