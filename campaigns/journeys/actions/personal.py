"""What journeys keep about a person: export, erasure, merge."""

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from campaigns.journeys.actions import move
from campaigns.journeys.enums import EnrolmentState, Outcome
from campaigns.journeys.models import IS_ACTIVE, Enrolment, JourneyVersion, StepLog
from config.kit import sql
from customers.ports.personal_data import Part, Table


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
    """Move the runs. Where both are inside one journey now, the run of the customer who stays goes on, the other ends."""
    for run in _twice(from_id, into_id):
        move.cancel_messages(run.journey_id, [from_id])
        Enrolment.objects.filter(pk=run.pk).update(
            state=EnrolmentState.EXITED, due_at=None, ended_at=at, end_reason="merged"
        )
        StepLog.objects.create(enrolment=run, step=None, at=at, outcome=Outcome.EXITED, detail={"reason": "merged"})
        JourneyVersion.objects.filter(pk=run.version_id).update(exited_count=F("exited_count") + 1)
    known = set(Enrolment.objects.filter(customer_id=into_id).values_list("journey_id", "run_key"))
    for pk, journey_id, key in Enrolment.objects.filter(customer_id=from_id).values_list("pk", "journey_id", "run_key"):
        if (journey_id, key) in known:
            Enrolment.objects.filter(pk=pk).update(run_key=f"merged:{pk}:{key}"[:60])
    Enrolment.objects.filter(customer_id=from_id).update(customer_id=into_id)


def _twice(from_id: int, into_id: int) -> list[Enrolment]:
    """The active runs of one customer in journeys where the other is active too."""
    active = Enrolment.objects.filter(IS_ACTIVE)
    both = active.filter(customer_id=into_id).values("journey_id")
    return list(sql.for_update(active.filter(customer_id=from_id, journey_id__in=both).order_by("pk")))


def count(customer_id: int) -> list[Part]:
    """What a customer owns here."""
    return [Part(_("Runs through journeys"), Enrolment.objects.filter(customer_id=customer_id).count())]


def warn(from_id: int, into_id: int) -> list[str]:
    """What happens to the runs that are under way."""
    active = Enrolment.objects.filter(IS_ACTIVE)
    ends = active.filter(customer_id=from_id, journey_id__in=active.filter(customer_id=into_id).values("journey_id"))
    ending = list(ends.values_list("journey__name", flat=True))
    going = active.filter(customer_id=from_id).exclude(pk__in=ends.values("pk")).values_list("journey__name", flat=True)
    found = [
        _("Both are in the journey “%(journey)s”: the run of the customer who stays goes on, the other ends.")
        % {"journey": name}
        for name in ending
    ]
    return found + [
        _("The run through “%(journey)s” goes on for the customer who stays.") % {"journey": name} for name in going
    ]


def _counted(from_id: int, into_id: int) -> Q:
    return Q(pk__in=[run.version_id for run in _twice(from_id, into_id)])


TABLES = (
    Table(Enrolment),
    Table(StepLog, ("enrolment__customer",)),
    Table(JourneyVersion, rows=_counted, counters=("exited_count",)),
)
