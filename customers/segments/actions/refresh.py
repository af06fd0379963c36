"""Keeping members equal to the rules: the whole segment as a difference in SQL, or a few customers at a time.

Every difference happens under a lock on the segment's row, so two of them never interleave, and none looks at an earlier
moment than the one before it. It writes members, changes and the count in one transaction. The very first fill of a segment
is history, not news: its changes are not announced on the timeline, so a new segment never floods journeys with everybody
who has been in it all along. Nor are those of an edit that was saved quietly.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from config.kit import sql
from customers.enums import ChangeCause, SegmentKind
from customers.models import Segment, SegmentMembership, SegmentTouch
from customers.queries import brand
from customers.segments.actions import announce, attempts, changes
from customers.segments.actions.changes import Difference, Move
from customers.segments.queries import differences, index
from customers.segments.queries.due import is_waiting
from customers.segments.queries.predicates import Moment
from customers.segments.rules.parse import parse

CHUNK = 20_000
LIMIT_SECONDS, SOME_SECONDS = 600, 20
WRONG_CLOCK = timedelta(minutes=10)
AGAIN = "again:"
LOCK = "customers.segment_touches"


def whole(segment_id: int, *, at: datetime, cause: ChangeCause = ChangeCause.RULES) -> Difference:
    """Make the members of a segment what its rules give at `at`, whoever was touched; `cause` goes into the history.

    A definition that cannot be read, fails or takes too long is noted in `problem` and tried again later
    (`actions.attempts`); the members stay as they were.
    """
    return attempts.tried(segment_id, lambda: _whole(segment_id, at, cause), at=at, seconds=LIMIT_SECONDS) or Difference()


def _whole(segment_id: int, at: datetime, cause: ChangeCause) -> Difference:
    segment = sql.for_update(Segment.objects.filter(id=segment_id, kind=SegmentKind.DYNAMIC)).first()
    if segment is None:
        return Difference()
    moment = not_before(segment.refreshed_at, segment.boundary_at, segment.updated_at, at=at)
    is_first = segment.refreshed_at is None
    if is_first or is_waiting(segment.refreshed_at, segment.updated_at):
        cause = ChangeCause.FILL if is_first else ChangeCause.RULES
    started = time.perf_counter()
    found = differences.between(parse(segment.definition), segment_id, Moment(moment, brand.current().timezone))
    change = changes.replace(found, segment, at=moment, cause=cause, is_silent=is_first or segment.is_quiet)
    size = SegmentMembership.objects.filter(segment_id=segment_id).count()
    Segment.objects.filter(id=segment_id).update(
        member_count=size, refreshed_at=moment, boundary_at=moment, is_quiet=False, problem="", attempts=0, retry_at=None,
        seconds=round(time.perf_counter() - started, 3),
    )  # fmt: skip
    return change


def not_before(*marks: datetime | None, at: datetime) -> datetime:
    """`at`, or the latest of the marks when work gets its turn late; a mark far ahead of `at` comes from a wrong clock."""
    latest = max([at, *(mark for mark in marks if mark is not None)])
    return latest if latest - at < WRONG_CLOCK else at


@dataclass(frozen=True, slots=True)
class Some:
    """What became of evaluating a few customers: segments done, and segments that another worker was busy with."""

    done: frozenset[int] = frozenset()
    busy: frozenset[int] = frozenset()


def some(asked: Sequence[tuple[index.Live, Sequence[int]]], *, at: datetime, cause: ChangeCause) -> Some:
    """Evaluate each segment for its customers and write all that changed, in the caller's transaction.

    A segment that somebody else is refreshing is passed over and named in `busy`. One that waits for a whole refresh is
    left to it, and so is one that fails here, which is noted. The others go on.
    """
    moves: list[Move] = []
    states = _locked([live.id for live, _ in asked])
    zone = brand.current().timezone
    with sql.statement_timeout(SOME_SECONDS):
        for live, customer_ids in asked:
            state = states.get(live.id)
            if state is None or not _is_ready(state, live):
                continue
            moment = not_before(state.refreshed_at, at=at)
            work = partial(differences.of, live.tree, live.id, Moment(moment, zone), customer_ids)
            found = attempts.tried(live.id, work, at=at)
            if found is not None:
                moves.append(Move(live.id, live.version, *found, moment))
    changes.write(moves, cause=cause)
    done = frozenset(move.segment_id for move in moves)
    # The marks keep a whole refresh that is about to begin from looking at an earlier moment than this one.
    Segment.objects.filter(id__in=done).update(refreshed_at=Greatest(F("refreshed_at"), Value(at)))
    Segment.objects.filter(id__in=states.keys() - done).update(boundary_at=at)
    return Some(done, frozenset(live.id for live, _ in asked) - states.keys())


def _locked(segment_ids: Sequence[int]) -> dict[int, Segment]:
    rows = sql.for_update(Segment.objects.filter(id__in=segment_ids).order_by("id"), skip_locked=True)
    return {row.id: row for row in rows.defer("definition", "description")}


def _is_ready(state: Segment, live: index.Live) -> bool:
    """Whether the members are those of these rules, so that a few may be looked at alone."""
    is_behind = is_waiting(state.refreshed_at, state.updated_at) or state.attempts or state.is_quiet
    return state.version == live.version and not is_behind


def touched(*, at: datetime, limit: int = CHUNK) -> int:
    """Evaluate the customers to whom something happened, each only for the segments that ask about it.

    1. One worker at a time takes the touches whose moment has come, oldest first.
    2. Each segment that asks is evaluated for its customers; a segment in the middle of a whole refresh gets its touches
       back, under a name that only it answers to.
    3. Members, history and timeline are written for all segments together.
    4. Everything commits with the touches gone: a kill repeats the work and loses nothing.

    Returns how many touches were dealt with; 0 also when those that wait cannot be dealt with now.
    """
    with transaction.atomic():
        if not sql.try_lock(LOCK):
            return 0
        due = SegmentTouch.objects.filter(touched_at__lte=at).order_by("id")
        rows = list(due.values_list("id", "customer_id", "name")[:limit])
        if not rows:
            return 0
        SegmentTouch.objects.filter(id__among=[row[0] for row in rows]).delete()
        asked = _asked(rows)
        result = some(asked, at=at, cause=ChangeCause.EVENT)
        back = [
            (customer_id, f"{AGAIN}{live.id}", changes.db_time(at))
            for live, ids in asked if live.id in result.busy for customer_id in ids
        ]  # fmt: skip
        if back:
            sql.insert(differences.TOUCHES, ("customer_id", "name", "touched_at"), back)
        announce.waiting(at=at, limit=CHUNK)
    return max(0, len(rows) - len(back))


def _asked(rows: Iterable[tuple[int, int, str]]) -> list[tuple[index.Live, list[int]]]:
    """The segments that ask about some of these touches, each with its customers."""
    by_name: dict[str, set[int]] = {}
    for _, customer_id, name in rows:
        by_name.setdefault(name, set()).add(customer_id)
    found = []
    for live in index.readable():
        names = [name for name in by_name if not name.startswith(AGAIN) and live.is_touched_by(name)]
        ids = by_name.get(f"{AGAIN}{live.id}", set()).union(*(by_name[name] for name in names))
        if ids:
            found.append((live, sorted(ids)))
    return found
