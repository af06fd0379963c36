"""Freshness by the clock: segments that wait for their fill, and windows that pass."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from config.kit import sql
from customers.enums import ChangeCause
from customers.models import Segment
from customers.segments.actions import announce, refresh
from customers.segments.queries import boundaries, candidates, index
from customers.segments.queries.due import waiting

TOO_LONG = timedelta(days=2)
Asked = list[tuple[index.Live, list[int]]]


def due(*, at: datetime, limit: int | None = None) -> int:
    """Fill segments that are new, edited, or to be tried again; returns how many, at most `limit`."""
    count = 0
    for segment_id in list(waiting(at).order_by("attempts", "updated_at", "id").values_list("id", flat=True)):
        if limit is not None and count >= limit:
            break
        count += _fill(segment_id, at)
    announce.waiting(at=at)
    return count


def _fill(segment_id: int, at: datetime) -> bool:
    """Fill a segment unless another worker is at it or has just done it."""
    with transaction.atomic():
        if not sql.try_lock(f"customers.segment_fill:{segment_id}") or not waiting(at).filter(id=segment_id).exists():
            return False
        refresh.whole(segment_id, at=at, cause=ChangeCause.EVENT)
    return True


def windows(*, at: datetime, only: Collection[int] | None = None) -> int:
    """Evaluate the customers whose windows have passed since the last look; returns how many were evaluated.

    Of every segment, or only of some. A segment that waits for a whole refresh, or is in the middle of one, is left to it.
    """
    total = 0
    for since, segments in _by_mark(at, only):
        if since is None or at - since > TOO_LONG:
            _whole(segments, at)
            continue
        found = candidates.of([live.tree for live in segments], since, at)
        _whole([live for live, ids in zip(segments, found, strict=True) if ids is None], at)
        asked = [(live, sorted(ids)) for live, ids in zip(segments, found, strict=True) if ids is not None]
        _some(asked, since, at)
        total += sum(len(ids) for _, ids in asked)
    announce.waiting(at=at)
    return total


def _by_mark(at: datetime, only: Collection[int] | None) -> Iterator[tuple[datetime | None, list[index.Live]]]:
    """Segments that time can change, together with those whose windows were followed until the same moment."""
    rows = Segment.objects.filter(attempts=0, refreshed_at__gte=F("updated_at")).values_list("id", "boundary_at")
    marks = dict(rows if only is None else rows.filter(id__in=only))
    found: dict[datetime | None, list[index.Live]] = {}
    for live in index.live():
        since = marks.get(live.id)
        if live.id in marks and (since is None or since < at) and boundaries.has_windows(live.tree):
            found.setdefault(since, []).append(live)
    yield from found.items()


def _whole(segments: Collection[index.Live], at: datetime) -> None:
    for live in segments:
        refresh.whole(live.id, at=at, cause=ChangeCause.TIME)


def _some(asked: Asked, since: datetime, at: datetime) -> None:
    """Evaluate a minute's candidates of every segment and move the marks, in one transaction.

    The worker that follows events uses the same lock, so that neither finds the other's segments locked.
    """
    with transaction.atomic():
        sql.lock(refresh.LOCK)
        left: Asked = [item for item in asked if item[1]]
        lost: set[int] = set()
        while left:
            part = [(live, ids[: refresh.CHUNK]) for live, ids in left if live.id not in lost]
            lost |= {live.id for live, _ in part} - refresh.some(part, at=at, cause=ChangeCause.TIME).done
            left = [(live, ids[refresh.CHUNK :]) for live, ids in left if len(ids) > refresh.CHUNK and live.id not in lost]
        _move_marks([live.id for live, _ in asked if live.id not in lost], since, at)
        announce.waiting(at=at, limit=refresh.CHUNK)


def _move_marks(segment_ids: Collection[int], since: datetime, at: datetime) -> None:
    """Note that windows were followed until `at`, where nobody refreshed or edited the segment meanwhile."""
    still = Segment.objects.filter(id__in=segment_ids, boundary_at=since, refreshed_at__gte=F("updated_at"), attempts=0)
    ids = list(sql.for_update(still.order_by("id"), skip_locked=True).values_list("id", flat=True))
    moved = Greatest(F("refreshed_at"), Value(at))
    Segment.objects.filter(id__in=ids).update(boundary_at=at, refreshed_at=moved)
