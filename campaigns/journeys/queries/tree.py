"""The steps of a version as cards from top to bottom, with who stands where and what became of the messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from campaigns.enums import HANDED_OVER, MessageState, SourceKind
from campaigns.journeys.enums import StepKind
from campaigns.journeys.models import JourneyStep, JourneyVersion
from campaigns.journeys.queries import due
from campaigns.journeys.rules import graph, words
from campaigns.journeys.rules.graph import Graph
from campaigns.models.message import Message
from customers.models import Segment
from customers.ports import effects, event_types


@dataclass(frozen=True, slots=True)
class Card:
    """One step as the page draws it; `yes` and `no` are the cards of its two sides."""

    row: JourneyStep
    icon: str
    words: str
    standing: int
    mails: Mapping[str, int]
    yes_label: str = ""
    no_label: str = ""
    yes: Sequence["Card"] = field(default_factory=tuple)
    no: Sequence["Card"] = field(default_factory=tuple)
    is_branching: bool = False


NO_MAILS = {"sent": 0, "opened": 0, "clicked": 0, "not_sent": 0, "queued": 0}
LABELS = {
    StepKind.WAIT_EVENT: ("It happened", "Time ran out"),
    StepKind.SPLIT: ("Yes", "No"),
}


def event_labels() -> dict[str, str]:
    """Labels of the events that apps registered, by name."""
    return {event_type.name: event_type.label for event_type in event_types.all()}


def segment_names(ids: Sequence[int]) -> dict[int, str]:
    return dict(Segment.objects.filter(id__in=ids).values_list("id", "name"))


def mails_by_content(journey_id: int) -> dict[int, dict[str, int]]:
    """What became of a journey's messages, by content: sent, opened, clicked, not sent, queued."""
    rows = (
        Message.objects.filter(source_kind=SourceKind.JOURNEY, source_id=journey_id)
        .order_by()
        .values("content_version__content_id")
        .annotate(
            sent=Count("id", filter=Q(state__in=HANDED_OVER)),
            opened=Count("opened_at"),
            clicked=Count("clicked_at"),
            not_sent=Count("id", filter=Q(state__in=[MessageState.SKIPPED, MessageState.CANCELLED, MessageState.FAILED])),
            queued=Count("id", filter=Q(state__in=[MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED])),
        )
    )
    counted: list[dict[str, Any]] = [dict(row) for row in rows]
    return {row["content_version__content_id"]: {name: row[name] for name in NO_MAILS} for row in counted}


def cards(version: JourneyVersion) -> list[Card]:
    """The cards of a version; four queries whatever its size."""
    rows = {row.key: row for row in version.steps.select_related("content")}
    builder = _Builder(
        graph.parse(version.graph), rows, due.standing([version.pk]), mails_by_content(version.journey_id), event_labels()
    )
    return builder.build(version.graph["steps"])


@dataclass(frozen=True, slots=True)
class _Builder:
    parsed: Graph
    rows: Mapping[str, JourneyStep]
    standing: Mapping[int, int]
    mails: Mapping[int, Mapping[str, int]]
    labels: Mapping[str, str]

    def build(self, steps: Sequence[dict[str, Any]]) -> list[Card]:
        return [self.card(step) for step in steps if step["key"] in self.rows]

    def card(self, spec: dict[str, Any]) -> Card:
        row, step = self.rows[spec["key"]], self.parsed.steps[spec["key"]]
        kind = StepKind(row.kind)
        yes_label, no_label = LABELS.get(kind, ("", ""))
        return Card(
            row=row,
            icon=words.ICONS[kind],
            words=self.words(spec) or words.step(step, self.labels),
            standing=self.standing.get(row.pk, 0),
            mails=self.mails.get(row.content_id or 0, NO_MAILS),
            yes_label=yes_label,
            no_label=no_label,
            yes=self.build(spec.get("then") or []),
            no=self.build(spec.get("otherwise") or []),
            is_branching=kind in graph.BRANCHING,
        )

    def words(self, spec: dict[str, Any]) -> str:
        if spec["kind"] == StepKind.SEND:
            content = self.rows[spec["key"]].content
            return content.subject if content else ""
        if spec["kind"] == StepKind.EFFECT:
            return effects.get(spec["effect"]).label if effects.has(spec["effect"]) else spec["effect"]
        return ""
