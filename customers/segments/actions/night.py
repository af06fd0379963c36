"""The nightly safety net: every segment in full, what the quick ways had missed, and the sizes of the day that ended."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from config.kit import sql
from config.kit.clock import local_day
from customers.actions import heartbeat
from customers.enums import ChangeCause, SegmentKind
from customers.models import JobRun, PendingEvent, Segment, SegmentChange, SegmentTouch
from customers.queries import brand
from customers.segments.actions import announce, days, follow, refresh
from customers.segments.actions.changes import Difference

NIGHTLY = "customers.refresh_segments_nightly"
log = logging.getLogger(__name__)


def whole(*, at: datetime) -> bool:
    """Check everything that this local day's run has not checked yet; False when it was finished already."""
    is_any = False
    while step(at=at):
        is_any = True
    return is_any


def step(*, at: datetime) -> bool:
    """Check the next segment of this local day's run, or finish it; False when it is finished or another worker has it.

    How far it came stands in the run's summary and commits with each segment, so a run that was killed goes on where it
    was, with whichever worker comes next. A segment that fails is named and the others go on.
    """
    with transaction.atomic():
        run = _claimed(at)
        if run is None:
            return False
        summary: dict[str, Any] = {"checked": 0, "drift": [], "failed": [], "after": 0} | run.summary
        segment = _after(summary["after"]).first()
        if segment is None:
            run.finished_at, run.summary = at, _told(summary)
        else:
            run.summary = _check(segment, summary, at)
        run.save(update_fields=["summary", "finished_at"])
    announce.waiting(at=at)
    return True


def _claimed(at: datetime) -> JobRun | None:
    """The run of this local day, locked; the first to come also counts the day before."""
    day = local_day(at, brand.current().timezone)
    if heartbeat.claim_period(NIGHTLY, period=day.isoformat(), at=at):
        days.count(day - timedelta(days=1))
    runs = JobRun.objects.filter(job=NIGHTLY, period=day.isoformat(), finished_at__isnull=True)
    return sql.for_update(runs, skip_locked=True).first()


def _after(segment_id: int) -> QuerySet[Segment]:
    """What is still to be checked; a segment that waits for its fill or its next attempt is not the night's business."""
    return Segment.objects.filter(
        kind=SegmentKind.DYNAMIC, id__gt=segment_id, refreshed_at__isnull=False, retry_at__isnull=True
    ).order_by("id")


def _check(segment: Segment, summary: dict[str, Any], at: datetime) -> dict[str, Any]:
    follow.windows(at=at, only=[segment.id])
    last = SegmentChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    change = refresh.whole(segment.id, at=at, cause=ChangeCause.NIGHT)
    drift = _missed(segment.id, last) if change else Difference()
    if drift:
        log.warning("segment %s: the nightly check let %s in and %s out", segment.id, drift.entered, drift.left)
        Segment.objects.filter(id=segment.id).update(drift_at=at, drift_entered=drift.entered, drift_left=drift.left)
    has_failed = Segment.objects.filter(id=segment.id, attempts__gt=0).exists()
    return {
        "checked": summary["checked"] + 1,
        "drift": summary["drift"] + [f"{segment.name}: {drift.entered} in, {drift.left} out"] * bool(drift),
        "failed": summary["failed"] + [segment.name] * has_failed,
        "after": segment.id,
    }


def _missed(segment_id: int, last: int) -> Difference:
    """What the check repaired and nothing else was about to: customers whose events still wait are no drift."""
    found = SegmentChange.objects.filter(id__gt=last, segment_id=segment_id, cause=ChangeCause.NIGHT)
    found = found.exclude(customer_id__in=SegmentTouch.objects.values("customer_id"))
    found = found.exclude(customer_id__in=PendingEvent.objects.values("event__customer_id"))
    sides = list(found.values_list("entered", flat=True))
    return Difference(sides.count(True), sides.count(False))


def _told(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary as the watchdog page shows it."""
    lists = {name: "; ".join(summary[name]) or "none" for name in ("drift", "failed")}
    return {"checked": summary["checked"], **lists}
