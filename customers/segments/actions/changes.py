"""Writing who entered and who left: members, history, counts, and the segments that ask about this one.

Every writer holds the lock on the segment's row, so two differences of a segment never interleave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.functions import Greatest

from config.kit import sql
from customers.enums import ChangeCause
from customers.models import Segment, SegmentMembership
from customers.segments.actions import announce
from customers.segments.queries import index
from customers.segments.queries.differences import CHANGES, MEMBERS, TOUCHES
from customers.segments.queries.expressions import IdIn
from customers.segments.queries.leaves import Sql
from customers.segments.rules import dependencies

MOVED = "segment_moved"
COLUMNS = ("segment_id", "customer_id", "entered", "version", "changed_at", "cause", "is_announced")


@dataclass(frozen=True, slots=True)
class Difference:
    """How many customers entered and left."""

    entered: int = 0
    left: int = 0

    def __bool__(self) -> bool:
        return bool(self.entered or self.left)


@dataclass(frozen=True, slots=True)
class Move:
    """Who enters and who leaves one segment at a moment, by the rules of `version`."""

    segment_id: int
    version: int
    entering: Sequence[int]
    leaving: Sequence[int]
    at: datetime


def write(moves: Sequence[Move], *, cause: ChangeCause, is_silent: bool = False) -> None:
    """Write entries and exits of several segments at once; the caller holds their locks and knows that they are real.

    `is_silent` keeps them off the timeline.
    """
    moves = [move for move in moves if move.entering or move.leaving]
    if not moves:
        return
    sql.insert(MEMBERS, ("segment_id", "customer_id", "entered_at"),
               ((move.segment_id, i, db_time(move.at)) for move in moves for i in move.entering))  # fmt: skip
    for move in moves:
        if move.leaving:
            gone = SegmentMembership.objects.filter(IdIn(F("customer_id"), move.leaving), segment_id=move.segment_id)
            gone._raw_delete(gone.db)
    sql.insert(CHANGES, COLUMNS, (
        (move.segment_id, i, entered, move.version, db_time(move.at), str(cause), is_silent)
        for move in moves for entered, ids in ((True, move.entering), (False, move.leaving)) for i in ids
    ))  # fmt: skip
    steps = [When(id=move.segment_id, then=Value(len(move.entering) - len(move.leaving))) for move in moves]
    grown = F("member_count") + Case(*steps, default=Value(0), output_field=IntegerField())
    Segment.objects.filter(id__in=[move.segment_id for move in moves]).update(member_count=Greatest(Value(0), grown))
    asked = _asked()
    touches = [
        (i, dependencies.segment_name(move.segment_id), db_time(move.at))
        for move in moves if move.segment_id in asked for i in (*move.entering, *move.leaving)
    ]  # fmt: skip
    if touches:
        sql.insert(TOUCHES, ("customer_id", "name", "touched_at"), touches)


def move(
    segment: Segment,
    *,
    entering: Sequence[int],
    leaving: Sequence[int],
    at: datetime,
    cause: ChangeCause,
    is_silent: bool = False,
) -> Difference:
    """Write these entries and exits of one segment and announce them; the caller holds its lock."""
    write([Move(segment.id, segment.version, entering, leaving, at)], cause=cause, is_silent=is_silent)
    if not is_silent and (entering or leaving):
        announce.waiting(at=at)
    return Difference(len(entering), len(leaving))


def replace(found: Sql, segment: Segment, *, at: datetime, cause: ChangeCause, is_silent: bool) -> Difference:
    """Make the members of a locked segment those that differ from them no longer; `found` is `differences.between`.

    All of it in SQL, whatever the size: the differences go into a temporary table and from there into members and history,
    in the order of customers, which fills the indexes twice as fast as the order in which a hash join finds them.
    """
    with connection.cursor() as cursor:
        _empty(cursor)
        cursor.execute(f'INSERT INTO "{MOVED}" (cid, entered) {found.text}', list(found.params))
        if not cursor.rowcount:
            return Difference()
        values = [segment.id, segment.version, db_time(at), str(cause), is_silent]
        cursor.execute(
            f'INSERT INTO "{CHANGES}" (segment_id, customer_id, entered, version, changed_at, cause, is_announced) '
            f'SELECT %s, cid, entered, %s, %s, %s, %s FROM "{MOVED}" ORDER BY cid',
            values,
        )
        cursor.execute(
            f'INSERT INTO "{MEMBERS}" (segment_id, customer_id, entered_at) '
            f'SELECT %s, cid, %s FROM "{MOVED}" WHERE entered ORDER BY cid',
            [segment.id, db_time(at)],
        )
        entered = cursor.rowcount
        cursor.execute(
            f'DELETE FROM "{MEMBERS}" WHERE segment_id = %s '
            f'AND customer_id IN (SELECT cid FROM "{MOVED}" WHERE NOT entered)',
            [segment.id],
        )
        left = cursor.rowcount
        if segment.id in _asked():
            cursor.execute(
                f'INSERT INTO "{TOUCHES}" (customer_id, name, touched_at) SELECT cid, %s, %s FROM "{MOVED}"',
                [dependencies.segment_name(segment.id), db_time(at)],
            )
    return Difference(entered, left)


def _empty(cursor: Any) -> None:
    """The temporary table stays with the connection: making and dropping it each time would churn the catalogue."""
    if sql.is_postgresql():
        cursor.execute(
            f'CREATE TEMPORARY TABLE IF NOT EXISTS "{MOVED}" (cid bigint, entered boolean) ON COMMIT DELETE ROWS'
        )
    else:
        cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{MOVED}" (cid INTEGER, entered BOOLEAN)')
    cursor.execute(f'DELETE FROM "{MOVED}"')


def _asked() -> set[int]:
    """Segments whose membership other segments ask about."""
    return set().union(*(live.asks for live in index.readable()))


def db_time(moment: datetime) -> Any:
    """A moment as the driver takes it."""
    return connection.ops.adapt_datetimefield_value(moment)
