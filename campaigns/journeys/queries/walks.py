"""A version ready to be walked: its journey, parsed steps and their rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.journeys.models import Journey, JourneyStep, JourneyVersion
from campaigns.journeys.rules import graph
from campaigns.journeys.rules.graph import Graph, Step


@dataclass(frozen=True, slots=True)
class Walk:
    """One version: `steps` are the rows by key, `graph` says how they follow each other."""

    journey: Journey
    version: JourneyVersion
    graph: Graph
    steps: Mapping[str, JourneyStep]

    def step(self, key: str) -> Step:
        return self.graph.steps[key]


def load(version_ids: Iterable[int]) -> dict[int, Walk]:
    """The walks of these versions, in two queries."""
    wanted = set(version_ids)
    if not wanted:
        return {}
    versions = list(JourneyVersion.objects.filter(id__in=wanted).select_related("journey__topic"))
    rows: dict[int, dict[str, JourneyStep]] = {version.id: {} for version in versions}
    for row in JourneyStep.objects.filter(version_id__in=wanted).select_related("content_version"):
        rows[row.version_id][row.key] = row
    return {
        version.id: Walk(version.journey, version, graph.parse(version.graph), rows[version.id]) for version in versions
    }


def of(version: JourneyVersion) -> Walk:
    """The walk of one version."""
    return load([version.id])[version.id]
