"""Lots of points: which are spent first, and what a balance is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class OpenLot:
    """The rest of one credit. `id` is that of the entry that opened it."""

    id: int
    remaining: int
    occurred_at: datetime
    available_at: datetime
    expires_at: datetime | None

    def is_active(self, at: datetime) -> bool:
        return self.available_at <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True, slots=True)
class Buckets:
    """What of some lots is still pending, what can be spent, what is past its end but not yet booked as expired, and
    the next moment at which one of these changes."""

    pending: int
    active: int
    over: int
    next_due_at: datetime | None


def buckets(lots: Iterable[OpenLot], at: datetime) -> Buckets:
    pending = active = over = 0
    moments: list[datetime] = []
    for lot in lots:
        if not lot.remaining:
            continue
        if lot.is_over(at):
            over += lot.remaining
        elif lot.available_at > at:
            pending += lot.remaining
            moments.append(lot.available_at)
        else:
            active += lot.remaining
        if lot.expires_at is not None:
            moments.append(lot.expires_at)
    return Buckets(pending, active, over, min(moments, default=None))


def soonest_first(lot: OpenLot) -> tuple[bool, float, datetime, int]:
    """Sort key: what ends first is spent first, what never ends last; then the older."""
    return (lot.expires_at is None, lot.expires_at.timestamp() if lot.expires_at else 0.0, lot.occurred_at, lot.id)


def spend(lots: Sequence[OpenLot], points: int, at: datetime) -> list[tuple[OpenLot, int]]:
    """Take `points` from the active lots, soonest end first: (lot, points) pairs, together at most `points`.

    Changes `remaining` of the lots. Pending and ended lots are never touched.
    """
    return _take(sorted((lot for lot in lots if lot.is_active(at)), key=soonest_first), points)


def take_back(
    lots: Sequence[OpenLot], points: int, at: datetime, *, origin_id: int | None, only_pending: bool = False
) -> list[tuple[OpenLot, int]]:
    """Take back up to `points` of a credit: from its own lot first, then active lots, then pending ones.

    With `only_pending` nothing but the credit's own lot, and only before it can be spent. Emptying everything else
    before a debt arises keeps the rule simple: who owes points has none.
    """
    open_lots = [lot for lot in lots if lot.remaining and not lot.is_over(at)]
    own = [lot for lot in open_lots if lot.id == origin_id]
    if only_pending:
        return _take([lot for lot in own if lot.available_at > at], points)
    others = [lot for lot in open_lots if lot.id != origin_id]
    active = sorted((lot for lot in others if lot.available_at <= at), key=soonest_first)
    pending = sorted((lot for lot in others if lot.available_at > at), key=lambda lot: (lot.available_at, lot.id))
    return _take([*own, *active, *pending], points)


def _take(lots: Iterable[OpenLot], points: int) -> list[tuple[OpenLot, int]]:
    taken: list[tuple[OpenLot, int]] = []
    for lot in lots:
        if points <= 0:
            break
        part = min(lot.remaining, points)
        if part:
            lot.remaining -= part
            points -= part
            taken.append((lot, part))
    return taken
