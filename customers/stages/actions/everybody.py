"""Looking at everybody: after rules were changed, with progress, and once a night as the safety net."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Max, Q

from config.kit import sql
from config.kit.clock import local_day
from config.kit.queue import enqueue
from customers.actions import heartbeat
from customers.enums import SegmentKind
from customers.models import Customer, JobRun, Persona, Segment, StageCount, StageRule, StandingRun
from customers.queries import brand
from customers.stages.actions import evaluate, returns
from customers.stages.queries.statements import Those, drifted

STEP = 50_000
NIGHTLY = "customers.check_standings"


def request(*, at: datetime, is_silent: bool | None = None) -> StandingRun:
    """Ask for everybody to be looked at again; a request that was not finished yet is replaced by this one.

    None for `is_silent` leaves it as the replaced request had it.
    """
    with transaction.atomic():
        waiting = StandingRun.objects.filter(finished_at__isnull=True)
        if is_silent is None:
            is_silent = bool(waiting.order_by("-id").values_list("is_silent", flat=True).first())
        waiting.delete()
        run = StandingRun.objects.create(requested_at=at, is_silent=is_silent)
        enqueue("customers.run_standings")
    return run


def is_waiting_for_segments() -> bool:
    """Whether a segment that rules name is still to be filled: until then its customers would seem to be nowhere."""
    named = [
        *StageRule.objects.filter(is_active=True, segment__isnull=False).values_list("segment_id", flat=True),
        *Persona.objects.filter(segment__isnull=False).values_list("segment_id", flat=True),
    ]
    return (
        Segment.objects.filter(pk__in=named, kind=SegmentKind.DYNAMIC, problem="")
        .filter(Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at")))
        .exists()
    )


def due(*, at: datetime, seconds: float = 120) -> int:
    """Go on with what was requested, chunk by chunk, for at most so long; returns how many customers have moved."""
    end, total = time.monotonic() + seconds, 0
    if is_waiting_for_segments():
        return 0
    while time.monotonic() < end:
        moved = _step(at)
        if moved is None:
            break
        total += moved
    return total


def _step(at: datetime) -> int | None:
    """One chunk of the request, in one transaction; None when there is none, or somebody else is at it."""
    with transaction.atomic():
        waiting = StandingRun.objects.filter(finished_at__isnull=True).order_by("id")
        run = sql.for_update(waiting, skip_locked=True).first()
        if run is None:
            return None
        if run.started_at is None:
            run.started_at, run.last_id = at, _last_id()
        high = min(run.reached_id + STEP, run.last_id)
        found = drifted(Those(run.reached_id, high))
        moved = evaluate.customers(found, at=at, is_silent=run.is_silent)
        run.reached_id, run.changed_count = high, run.changed_count + len(found)
        run.finished_at = at if high >= run.last_id else None
        run.save()
    return moved.stages


def _last_id() -> int:
    return Customer.objects.aggregate(last=Max("pk"))["last"] or 0


def nightly(*, at: datetime) -> dict[str, int] | None:
    """Once per local day: compare everybody with the rules, correct and report what was missed, keep the day's counts."""
    day = local_day(at, brand.current().timezone)
    period = day.isoformat()
    if JobRun.objects.filter(job=NIGHTLY, period=period, finished_at__isnull=False).exists() or is_waiting_for_segments():
        return None
    heartbeat.claim_period(NIGHTLY, period=period, at=at)
    moved, last = evaluate.Moved(), _last_id()
    for low in range(0, last, STEP):
        returns.refresh_range(low, low + STEP, at=at)
        moved += evaluate.customers(drifted(Those(low, low + STEP)), at=at)
    summary = {"stages corrected": moved.stages, "personas corrected": moved.personas}
    with transaction.atomic():
        count_day(at - timedelta(days=1))
        JobRun.objects.filter(job=NIGHTLY, period=period).update(finished_at=at, summary=summary)
    return summary


def count_day(moment: datetime) -> None:
    """Keep the present sizes as those of the local day of `moment`."""
    day = local_day(moment, brand.current().timezone)
    found = Customer.objects.order_by().values_list("stage").annotate(count=Count("pk"))
    StageCount.objects.bulk_create(
        [StageCount(day=day, stage=stage, customer_count=count) for stage, count in found],
        update_conflicts=True, unique_fields=["day", "stage"], update_fields=["customer_count"],
    )  # fmt: skip
