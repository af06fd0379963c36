"""One person's journeys."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.journeys.enums import ACTIVE, EnrolmentState
from campaigns.journeys.models import Enrolment, StepLog
from campaigns.journeys.queries.tree import event_labels
from campaigns.journeys.rules import words

MOST_RUNS = 10


@dataclass(frozen=True, slots=True)
class Run:
    """One run with its log, newest first, and why it ended or why nothing was sent."""

    enrolment: Enrolment
    log: Sequence[StepLog]
    why: str

    @property
    def is_active(self) -> bool:
        return self.enrolment.state in ACTIVE


def runs_of(customer_id: int) -> list[Run]:
    """The newest runs of a customer; two queries."""
    enrolments = list(
        Enrolment.objects.filter(customer_id=customer_id)
        .select_related("journey", "step", "version")
        .order_by("-entered_at", "-id")[:MOST_RUNS]
    )
    log: dict[int, list[StepLog]] = defaultdict(list)
    for entry in StepLog.objects.filter(enrolment__in=enrolments).select_related("step").order_by("-at", "-id"):
        log[entry.enrolment_id].append(entry)
    labels = event_labels()
    return [Run(enrolment, log[enrolment.pk], why(enrolment, labels)) for enrolment in enrolments]


REASONS = {
    "end": "Walked it to the end.",
    "goal": "Reached the goal, so the rest was not needed.",
    "stopped": "The journey was stopped for everybody.",
    "consent.withdrawn": "Unsubscribed from its topic.",
}


def why(enrolment: Enrolment, labels: dict[str, str]) -> str:
    """Why the run stands as it stands, in one sentence."""
    if enrolment.state == EnrolmentState.CONTROL:
        return "Belongs to the held-out part of this journey and gets nothing from it, so that its effect can be measured."
    if enrolment.state in ACTIVE:
        return ""
    reason = enrolment.end_reason
    if reason in REASONS:
        return REASONS[reason]
    return f"Left because of: {words.event(reason, labels)}." if reason else ""
