"""What journeys keep about a person: export, erasure, merge."""

from datetime import datetime
from typing import Any

from campaigns.journeys.actions import move
from campaigns.journeys.models import IS_ACTIVE, Enrolment, StepLog


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """Runs and their log as plain rows."""
    runs = Enrolment.objects.filter(customer_id=customer_id).order_by("id")
    log = StepLog.objects.filter(enrolment__customer_id=customer_id).order_by("id")
    run_fields = (
        "id", "journey__name", "version__number", "step__name", "state", "due_at", "entered_at", "ended_at", "goal_at",
        "end_reason", "run",
    )  # fmt: skip
    log_fields = ("enrolment_id", "step__name", "at", "outcome", "detail")
    return {
        "journey_enrolments": [dict(row) for row in runs.values(*run_fields)],
        "journey_steps": [dict(row) for row in log.values(*log_fields)],
    }


def erase(customer_id: int, at: datetime) -> None:
    """Take back what is queued and delete the runs; the counts of the versions stay, they name nobody."""
    runs = Enrolment.objects.filter(customer_id=customer_id)
    for journey_id in runs.values_list("journey_id", flat=True).distinct().order_by():
        move.cancel_messages(journey_id, [customer_id])
    runs.delete()


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Move the runs. Where both were in one journey, those of the customer who stays are kept."""
    runs = Enrolment.objects.filter(customer_id=from_id)
    both = set(Enrolment.objects.filter(customer_id=into_id).values_list("journey_id", flat=True))
    for journey_id in both & set(runs.filter(IS_ACTIVE).values_list("journey_id", flat=True)):
        move.cancel_messages(journey_id, [from_id])
    runs.filter(journey_id__in=both).delete()
    runs.update(customer_id=into_id)
