"""What is due in journeys, found by one index probe per step, however many people wait."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery

from campaigns.journeys.enums import JourneyState
from campaigns.journeys.models import IS_ACTIVE, Enrolment, Journey, JourneyStep
from customers.ports.jobs import Due


def steps_due(at: datetime) -> QuerySet[JourneyStep]:
    """Steps of live journeys at which somebody is due, the longest due first; `oldest` is since when."""
    first = Enrolment.objects.filter(IS_ACTIVE, step=OuterRef("pk"), due_at__lte=at).order_by("due_at").values("due_at")[:1]
    steps = JourneyStep.objects.filter(version__journey__state=JourneyState.LIVE, version__published_at__isnull=False)
    return steps.annotate(oldest=Subquery(first)).exclude(oldest=None).order_by("oldest")


def to_advance(at: datetime) -> Due:
    """People whose next step is due: at most 10,000 are counted, for the gauge of the watchdog page."""
    steps = list(steps_due(at).values_list("id", "oldest"))  # type: ignore[misc]
    if not steps:
        return Due(0, None)
    ids = Enrolment.objects.filter(IS_ACTIVE, step_id__in=[pk for pk, _ in steps], due_at__lte=at).values("id")[:10_000]
    return Due(len(ids), min(oldest for _, oldest in steps))


def left_in_stopped() -> QuerySet[Enrolment]:
    """People who still stand in a journey that was stopped."""
    stopped = Journey.objects.filter(state=JourneyState.STOPPED).values("id")
    return Enrolment.objects.filter(IS_ACTIVE, journey_id__in=stopped)


def standing(version_ids: Iterable[int]) -> dict[int, int]:
    """How many people stand at each step of these versions, by step id."""
    rows = (
        Enrolment.objects.filter(IS_ACTIVE, step__version_id__in=list(version_ids))
        .order_by()
        .values_list("step_id")
        .annotate(n=Count("id"))
    )
    return {step_id: count for step_id, count in rows if step_id is not None}
