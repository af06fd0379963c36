"""The list of journeys with their figures, and one journey's summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from campaigns.enums import HANDED_OVER, SourceKind
from campaigns.journeys.models import IS_ACTIVE, Enrolment, Journey, JourneyVersion
from campaigns.journeys.queries.tree import event_labels, segment_names
from campaigns.journeys.rules import lift, words
from campaigns.journeys.rules.lift import Lift
from campaigns.journeys.rules.triggers import Entry, Goal, NotATrigger
from campaigns.models.message import Message

COUNTS = ("entered_count", "control_count", "completed_count", "exited_count", "goal_count", "control_goal_count")


@dataclass(frozen=True, slots=True)
class Row:
    """One journey with its figures over all versions."""

    journey: Journey
    starts: str
    aim: str
    entered: int
    control: int
    active: int
    completed: int
    exited: int
    goals: int
    control_goals: int
    sent: int
    lift: Lift | None

    @property
    def goal_rate(self) -> float | None:
        return self.goals / self.entered if self.entered else None

    @property
    def control_rate(self) -> float | None:
        return self.control_goals / self.control if self.control else None


def summaries(journeys: Sequence[Journey]) -> list[Row]:
    """Figures of these journeys: four queries however many there are."""
    ids = [journey.pk for journey in journeys]
    counts: dict[int, dict[str, Any]] = {
        row["journey_id"]: {**row}
        for row in JourneyVersion.objects.filter(journey_id__in=ids)
        .order_by()
        .values("journey_id")
        .annotate(**{name: Sum(name) for name in COUNTS})
    }
    active = dict(
        Enrolment.objects.filter(IS_ACTIVE, journey_id__in=ids).order_by().values_list("journey_id").annotate(n=Count("id"))
    )
    sent = dict(
        Message.objects.filter(source_kind=SourceKind.JOURNEY, source_id__in=ids, state__in=HANDED_OVER)
        .order_by()
        .values_list("source_id")
        .annotate(n=Count("id"))
    )
    entries = {journey.pk: _entry(journey) for journey in journeys}
    names = segment_names([_segment_id(entry) for entry in entries.values()])
    labels = event_labels()
    rows = []
    for journey in journeys:
        entry = entries[journey.pk]
        count = counts.get(journey.pk) or dict.fromkeys(COUNTS, 0)
        rows.append(
            Row(
                journey=journey,
                starts=words.entry(entry, labels=labels, segments=names) if entry else "",
                aim=words.goal(Goal.of(journey.goal), labels),
                entered=count["entered_count"],
                control=count["control_count"],
                active=active.get(journey.pk, 0),
                completed=count["completed_count"],
                exited=count["exited_count"],
                goals=count["goal_count"],
                control_goals=count["control_goal_count"],
                sent=sent.get(journey.pk, 0),
                lift=lift.lift(
                    goals=count["goal_count"],
                    entered=count["entered_count"],
                    control_goals=count["control_goal_count"],
                    control=count["control_count"],
                ),
            )
        )
    return rows


def _entry(journey: Journey) -> Entry | None:
    try:
        return Entry.of(journey.entry)
    except NotATrigger:
        return None


def _segment_id(entry: Entry | None) -> int:
    value = entry.trigger.where.get("segment_id") if entry and entry.trigger else None
    return value if isinstance(value, int) else 0
