"""Keeping members equal to the rules: the whole segment as a difference in SQL, or a few customers at a time.

Every difference happens under a lock on the segment's row, so two of them never interleave. It writes members, changes
and the count in one transaction. The very first fill of a segment is history, not news: its changes are not announced on
the timeline, so a new segment never floods journeys with everybody who has been in it all along.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from config.kit import sql
from customers.enums import ChangeCause, SegmentKind
from customers.models import Segment, SegmentChange, SegmentMembership, SegmentTouch
from customers.segments.actions import announce
from customers.segments.queries import index, run
from customers.segments.queries.expressions import IdIn
from customers.segments.rules import dependencies
from customers.segments.rules.parse import BadDefinition

CHUNK = 20_000
LIMIT_SECONDS = 600
MEMBERS, CHANGES, TOUCHES = "customers_segmentmembership", "customers_segmentchange", "customers_segmenttouch"


@dataclass(frozen=True, slots=True)
class Difference:
    """How many customers entered and left."""

    entered: int = 0
    left: int = 0

    def __bool__(self) -> bool:
        return bool(self.entered or self.left)


def whole(segment_id: int, *, at: datetime, cause: ChangeCause = ChangeCause.RULES) -> Difference:
    """Make the members of a segment what its rules give at `at`, whoever was touched; `cause` goes into the history.

    A definition that cannot be read or takes too long is noted in `problem`; the members stay as they were.
    """
    try:
        with sql.statement_timeout(LIMIT_SECONDS), transaction.atomic():
            return _whole(segment_id, at, cause)
    except BadDefinition as error:
        _note(segment_id, str(error))
    except sql.TookTooLong:
        _note(segment_id, "The rules took too long to evaluate. Narrow a time window or split the segment.")
    return Difference()


def _note(segment_id: int, problem: str) -> None:
    Segment.objects.filter(id=segment_id).update(problem=problem[:300])


def _whole(segment_id: int, at: datetime, cause: ChangeCause) -> Difference:
    segment = sql.for_update(Segment.objects.filter(id=segment_id, kind=SegmentKind.DYNAMIC)).first()
    if segment is None:
        return Difference()
    found = run.compiled(segment.definition, at)
    is_first = segment.refreshed_at is None
    with connection.cursor() as cursor:
        cursor.execute('DROP TABLE IF EXISTS "segment_found"')
        kind = "bigint" if sql.is_postgresql() else "INTEGER PRIMARY KEY"
        cursor.execute(f'CREATE TEMP TABLE "segment_found" ("cid" {kind})')
        cursor.execute(f'INSERT INTO "segment_found" {found.text}', list(found.params))
        if sql.is_postgresql():
            cursor.execute('ANALYZE "segment_found"')
        change = _apply(cursor, segment, at, ChangeCause.FILL if is_first else cause)
        cursor.execute('SELECT COUNT(*) FROM "segment_found"')
        total = cursor.fetchone()[0]
        cursor.execute('DROP TABLE "segment_found"')
        if change and not is_first:
            _touch_dependants(cursor, segment.id, at)
    Segment.objects.filter(id=segment_id).update(member_count=total, refreshed_at=at, boundary_at=at, problem="")
    return change


def _apply(cursor: object, segment: Segment, at: datetime, cause: ChangeCause) -> Difference:
    """Entering: found and no member. Leaving: member and not found. Changes first, they read the old members."""
    is_member = f'SELECT 1 FROM "{MEMBERS}" m WHERE m.segment_id = %s AND m.customer_id = f.cid'
    is_found = f'SELECT 1 FROM "segment_found" f WHERE f.cid = "{MEMBERS}".customer_id'
    new = f'FROM "segment_found" f WHERE NOT EXISTS ({is_member})'
    old = f'FROM "{MEMBERS}" WHERE segment_id = %s AND NOT EXISTS ({is_found})'
    columns = "segment_id, customer_id, entered, version, changed_at, cause, is_announced"
    values = [segment.id, segment.version, _db(at), str(cause), cause == ChangeCause.FILL, segment.id]
    execute = cursor.execute  # type: ignore[attr-defined]
    execute(f'INSERT INTO "{CHANGES}" ({columns}) SELECT %s, f.cid, {_true()}, %s, %s, %s, %s {new}', values)
    entered = cursor.rowcount  # type: ignore[attr-defined]
    if entered:
        execute(
            f'INSERT INTO "{MEMBERS}" (segment_id, customer_id, entered_at) SELECT %s, f.cid, %s {new}',
            [segment.id, _db(at), segment.id],
        )
    execute(f'INSERT INTO "{CHANGES}" ({columns}) SELECT %s, customer_id, {_false()}, %s, %s, %s, %s {old}', values)
    left = cursor.rowcount  # type: ignore[attr-defined]
    if left:
        execute(f"DELETE {old}", [segment.id])
    return Difference(entered, left)


def _touch_dependants(cursor: object, segment_id: int, at: datetime) -> None:
    name = dependencies.segment_name(segment_id)
    if not any(live.is_touched_by(name) for live in index.live()):
        return
    cursor.execute(  # type: ignore[attr-defined]
        f'INSERT INTO "{TOUCHES}" (customer_id, name, touched_at) SELECT customer_id, %s, %s FROM "{CHANGES}" '
        "WHERE segment_id = %s AND changed_at = %s",
        [name, _db(at), segment_id, _db(at)],
    )


def customers(
    live: index.Live, customer_ids: Sequence[int], *, at: datetime, cause: ChangeCause = ChangeCause.EVENT
) -> Difference:
    """Evaluate a segment for these customers only, and announce what changed in the same transaction."""
    entered = left = 0
    for start in range(0, len(customer_ids), CHUNK):
        with transaction.atomic():
            change = _some(live, customer_ids[start : start + CHUNK], at, cause)
        entered, left = entered + change.entered, left + change.left
    return Difference(entered, left)


def _some(live: index.Live, customer_ids: Sequence[int], at: datetime, cause: ChangeCause) -> Difference:
    locked = sql.for_update(Segment.objects.filter(id=live.id, version=live.version))
    if not locked.values_list("id", flat=True).first():
        return Difference()  # edited or deleted meanwhile: the whole refresh of the edit covers these customers
    found = set(run.ids(live.tree, at, customer_ids))
    members = SegmentMembership.objects.filter(IdIn(F("customer_id"), customer_ids), segment_id=live.id)
    known = set(members.values_list("customer_id", flat=True))
    entering, leaving = sorted(found - known), sorted(known - found)
    return move(live.id, live.version, entering=entering, leaving=leaving, at=at, cause=cause)


def move(
    segment_id: int,
    version: int,
    *,
    entering: Sequence[int],
    leaving: Sequence[int],
    at: datetime,
    cause: ChangeCause,
    is_silent: bool = False,
) -> Difference:
    """Write these entries and exits; the caller holds the lock on the segment and knows that they are real."""
    if not entering and not leaving:
        return Difference()
    SegmentMembership.objects.bulk_create(
        [SegmentMembership(segment_id=segment_id, customer_id=i, entered_at=at) for i in entering], batch_size=5000
    )
    SegmentMembership.objects.filter(IdIn(F("customer_id"), leaving), segment_id=segment_id).delete()
    changes = [
        SegmentChange(
            segment_id=segment_id,
            customer_id=i,
            entered=i_entered,
            version=version,
            changed_at=at,
            cause=cause,
            is_announced=is_silent,
        )
        for i_entered, ids in ((True, entering), (False, leaving))
        for i in ids
    ]
    SegmentChange.objects.bulk_create(changes, batch_size=5000)
    Segment.objects.filter(id=segment_id).update(member_count=F("member_count") + len(entering) - len(leaving))
    name = dependencies.segment_name(segment_id)
    if any(live.is_touched_by(name) for live in index.live()):
        rows = [(i, name, _db(at)) for i in [*entering, *leaving]]
        sql.insert(TOUCHES, ["customer_id", "name", "touched_at"], rows)
    if not is_silent:
        announce.waiting(at=at)
    return Difference(len(entering), len(leaving))


def touched(*, at: datetime, limit: int = CHUNK) -> int:
    """Evaluate the customers to whom something happened, each only for the segments that ask about it.

    One worker at a time; the touches go in the same transaction, so a kill repeats the work and loses nothing. Returns
    how many touches were taken.
    """
    with transaction.atomic():
        if not sql.try_lock("customers.segment_touches"):
            return 0
        rows = list(SegmentTouch.objects.order_by("id").values_list("id", "customer_id", "name")[:limit])
        if not rows:
            return 0
        SegmentTouch.objects.filter(IdIn(F("id"), [row[0] for row in rows])).delete()
        by_name: dict[str, set[int]] = {}
        for _, customer_id, name in rows:
            by_name.setdefault(name, set()).add(customer_id)
        for live in index.live():
            ids: set[int] = set().union(*(found for name, found in by_name.items() if live.is_touched_by(name)))
            if ids:
                customers(live, sorted(ids), at=at)
    return len(rows)


def _db(moment: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(moment)


def _true() -> str:
    return "TRUE" if sql.is_postgresql() else "1"


def _false() -> str:
    return "FALSE" if sql.is_postgresql() else "0"
