"""Freshness by the clock: windows that pass, segments that wait for their first fill, the nightly safety net."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from config.kit.clock import local_day
from customers.actions import heartbeat
from customers.enums import ChangeCause, SegmentKind
from customers.models import JobRun, Segment, SegmentCount
from customers.queries import brand
from customers.segments.actions import announce, refresh
from customers.segments.queries import boundaries, index

NIGHTLY = "customers.refresh_segments_nightly"
TOO_LONG = timedelta(days=2)


def due(*, at: datetime) -> int:
    """Fill segments that are new or whose rules were edited; returns how many."""
    found = Segment.objects.filter(
        Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at")), kind=SegmentKind.DYNAMIC
    )
    ids = list(found.order_by("id").values_list("id", flat=True))
    for segment_id in ids:
        refresh.whole(segment_id, at=at)
    announce.waiting(at=at)
    return len(ids)


def windows(*, at: datetime) -> int:
    """Evaluate the customers whose windows have passed since the last look; returns how many were evaluated."""
    total = 0
    since_when = dict(Segment.objects.values_list("id", "boundary_at"))
    for live in index.live():
        since = since_when.get(live.id)
        if not boundaries.has_windows(live.tree) or (since is not None and since >= at):
            continue
        total += _follow(live, since, at)
    announce.waiting(at=at)
    return total


def _follow(live: index.Live, since: datetime | None, at: datetime) -> int:
    if since is None or at - since > TOO_LONG:
        refresh.whole(live.id, at=at, cause=ChangeCause.TIME)
        return 0
    found = boundaries.candidates(live.tree, since, at)
    if found.everybody:
        refresh.whole(live.id, at=at, cause=ChangeCause.TIME)
        return 0
    refresh.customers(live, sorted(found.ids), at=at, cause=ChangeCause.TIME)
    Segment.objects.filter(id=live.id, version=live.version).update(boundary_at=at, refreshed_at=at)
    return len(found.ids)


def nightly(*, at: datetime) -> bool:
    """Once per local day: every segment in full, the drift found, and the day's counts; False when it was done already."""
    day = local_day(at, brand.current().timezone)
    period = day.isoformat()
    if JobRun.objects.filter(job=NIGHTLY, period=period, finished_at__isnull=False).exists():
        return False
    heartbeat.claim_period(NIGHTLY, period=period, at=at)
    drift: dict[str, dict[str, int]] = {}
    for live in index.live():
        change = refresh.whole(live.id, at=at, cause=ChangeCause.NIGHT)
        if change:
            drift[str(live.id)] = {"entered": change.entered, "left": change.left}
    announce.waiting(at=at)
    with transaction.atomic():
        count_day(day - timedelta(days=1))
        JobRun.objects.filter(job=NIGHTLY, period=period).update(finished_at=at, summary={"drift": drift})
    return True


def count_day(day: date) -> None:
    """Keep the present sizes as those of a day that has ended."""
    rows = Segment.objects.filter(Q(refreshed_at__isnull=False) | Q(kind=SegmentKind.STATIC)).values_list(
        "id", "member_count"
    )
    SegmentCount.objects.bulk_create(
        [SegmentCount(segment_id=segment_id, day=day, member_count=count) for segment_id, count in rows],
        update_conflicts=True, unique_fields=["segment", "day"], update_fields=["member_count"],
    )  # fmt: skip
