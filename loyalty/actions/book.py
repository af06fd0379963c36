"""One unit of work on the ledger: lock accounts, book entries in memory, write everything in a few statements.

    with transaction.atomic():
        book = Book.of_customers(ids, at=at)
        book.credit(account, …)
        book.write()

Opening a book locks the accounts in the order of their ids (two workers never wait for each other in a circle) and
settles those that are due: what has matured becomes active and what has ended is booked as expired before anything else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from config.kit import sql
from config.kit.clock import day_bounds, local_day
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.queries import brand
from loyalty import events
from loyalty.actions import bulk
from loyalty.enums import EntryKind, TierCause
from loyalty.models import Account, Allocation, Entry, Lot, Programme, Tier, TierChange
from loyalty.queries import programme as programmes
from loyalty.rules import earning, lots, tiers
from loyalty.rules.lots import OpenLot

ENTRY_COLUMNS = (
    "id", "account_id", "kind", "points", "desired_points", "deficit_delta", "occurred_at", "local_day", "recorded_at",
    "available_at", "expires_at", "reverses_id", "source_type", "source_id", "basis_minor", "spend_minor", "breakdown",
    "actor_id", "note", "idempotency_key",
)  # fmt: skip
LOT_COLUMNS = ("entry_id", "account_id", "granted", "remaining", "occurred_at", "available_at", "expires_at")
ACCOUNT_COLUMNS = (
    "tier_id", "tier_since", "tier_until", "metric", "pending", "active", "earned", "spent", "expired", "deficit",
    "next_due_at",
)  # fmt: skip
CREDITS = frozenset({EntryKind.EARN_ORDER, EntryKind.BONUS, EntryKind.MANUAL_CREDIT, EntryKind.TRANSFER_IN})
EVENT_OF = {
    EntryKind.EARN_ORDER: events.POINTS_EARNED,
    EntryKind.BONUS: events.POINTS_EARNED,
    EntryKind.MANUAL_CREDIT: events.POINTS_EARNED,
    EntryKind.REDEEM: events.POINTS_REDEEMED,
    EntryKind.REDEEM_ROLLBACK: events.POINTS_EARNED,
    EntryKind.CLAWBACK: events.POINTS_REVERSED,
    EntryKind.REVERSAL: events.POINTS_REVERSED,
    EntryKind.MANUAL_DEBIT: events.POINTS_REVERSED,
    EntryKind.EXPIRE: events.POINTS_EXPIRED,
}
ID_BLOCK = 64


@dataclass(slots=True, eq=False)
class Held:
    """A locked account as the book sees it. `lots` is None until they are needed."""

    id: int
    customer_id: int | None
    tier_id: int | None
    tier_since: datetime | None
    tier_until: datetime | None
    metric: int
    pending: int
    active: int
    earned: int
    spent: int
    expired: int
    deficit: int
    next_due_at: datetime | None
    lots: list[OpenLot] | None = None
    opened: list[OpenLot] = field(default_factory=list)
    stays: list[tuple[int, int | None, datetime, str, int]] = field(default_factory=list)
    is_changed: bool = False


class Book:
    """Accounts under lock and what is about to be written for them, `at` one moment."""

    def __init__(self, held: Iterable[Held], *, at: datetime, programme: Programme | None = None) -> None:
        self.at = at
        self.programme = programme or programmes.current()
        self.zone = brand.current().timezone
        self.levels = programmes.levels()
        self.by_id = {account.id: account for account in held}
        self.by_customer = {a.customer_id: a for a in self.by_id.values() if a.customer_id is not None}
        self._ids: Iterator[int] = iter(())
        self._last_id = 0
        self._entries: list[tuple[Any, ...]] = []
        self._allocations: list[tuple[int, int, int]] = []
        self._touched_lots: dict[int, OpenLot] = {}
        self._events: list[NewEvent] = []
        self.settle([a for a in self.by_id.values() if a.next_due_at is not None and a.next_due_at <= at])

    # --- opening ----------------------------------------------------------------------------------------------------
    @classmethod
    def of_customers(
        cls, ids: Iterable[int], *, at: datetime, programme: Programme | None = None,
        joined: dict[int, datetime] | None = None,
    ) -> "Book":  # fmt: skip
        """Open the accounts of customers, new ones where they have none, `joined` at the given moments or now."""
        wanted = set(ids)
        found = _locked(Account.objects.filter(customer_id__among=wanted))
        missing = wanted.difference(account.customer_id for account in found)
        if missing:
            found += _join([(customer_id, (joined or {}).get(customer_id, at)) for customer_id in sorted(missing)])
        return cls(found, at=at, programme=programme)

    @classmethod
    def of_accounts(cls, ids: Iterable[int], *, at: datetime) -> "Book":
        """Open accounts by their own ids."""
        return cls(_locked(Account.objects.filter(id__among=set(ids))), at=at)

    def expect(self, count: int) -> None:
        """Reserve ids for about `count` entries."""
        self._ids = bulk.reserve_ids(Entry, count, after=self._last_id)

    def load_lots(self, accounts: Iterable[Held]) -> None:
        """Fetch the open lots of accounts that are about to lose points."""
        wanted = {account.id: account for account in accounts if account.lots is None}
        if not wanted:
            return
        for account in wanted.values():
            account.lots = list(account.opened)
        rows = Lot.objects.filter(account_id__among=wanted, remaining__gt=0).values_list(
            "account_id", "entry_id", "remaining", "occurred_at", "available_at", "expires_at"
        )
        for account_id, *values in rows:  # the columns of OpenLot, in its order
            wanted[account_id].lots.append(OpenLot(*values))  # type: ignore[union-attr, arg-type]

    # --- booking ----------------------------------------------------------------------------------------------------
    def credit(
        self, account: Held, kind: str, points: int, *, key: str, occurred_at: datetime, reason: str,
        day: date | None = None, available_at: datetime | None = None, expires_at: datetime | None = None,
        is_pending: bool = False, keeps_end: bool = False, **more: Any,
    ) -> int:  # fmt: skip
        """Book `points` in; a debt is paid first, the rest opens a lot. Returns the entry's id.

        Without `expires_at` the programme's rule decides; `is_pending` applies its waiting days. `keeps_end` takes
        `expires_at` as it is, None for points that never end.
        """
        day = day or local_day(occurred_at, self.zone)
        p = self.programme
        starts, ends = span(day, p.pending_days if is_pending else 0, p.expiry_months, p.expires_at_month_end, self.zone)
        available_at = available_at or (starts if is_pending and p.pending_days else occurred_at)
        expires_at = expires_at if keeps_end else expires_at or ends
        paid = min(account.deficit, points)
        entry_id = self._enter(
            account, kind, points, key=key, occurred_at=occurred_at, day=day, reason=reason, deficit_delta=-paid,
            available_at=available_at, expires_at=expires_at, **more,
        )  # fmt: skip
        account.deficit -= paid
        account.earned += points
        if points > paid:
            lot = OpenLot(entry_id, points - paid, occurred_at, available_at, expires_at)
            account.opened.append(lot)
            if account.lots is not None:
                account.lots.append(lot)
            self._open(account, lot)
        return entry_id

    def _open(self, account: Held, lot: OpenLot) -> None:
        if lot.available_at > self.at and not lot.is_over(self.at):
            account.pending += lot.remaining
            account.next_due_at = earlier(account.next_due_at, lot.available_at)
        else:
            account.active += lot.remaining  # a lot that is over already leaves with `settle`, before the book is written
        account.next_due_at = earlier(account.next_due_at, lot.expires_at)

    def debit(
        self, account: Held, kind: str, points: int, *, key: str, occurred_at: datetime, reason: str,
        taken: Sequence[tuple[OpenLot, int]], may_owe: bool = False, desired: int | None = None, day: date | None = None,
        recount: bool = True,
        **more: Any,
    ) -> int:  # fmt: skip
        """Book points out: `taken` are the lots they came from; what they do not cover becomes debt if it may."""
        covered = sum(part for _, part in taken)
        owed = points - covered if may_owe else 0
        entry_id = self._enter(
            account, kind, -(covered + owed), key=key, occurred_at=occurred_at,
            day=day or local_day(occurred_at, self.zone), reason=reason, deficit_delta=owed,
            desired_points=-(points if desired is None else desired), **more,
        )  # fmt: skip
        for lot, part in taken:
            self._allocations.append((entry_id, lot.id, part))
            self._touched_lots[lot.id] = lot
        account.deficit += owed
        if kind == EntryKind.REDEEM:
            account.spent += covered
        elif kind == EntryKind.EXPIRE:
            account.expired += covered
        else:
            account.earned -= covered + owed
        if recount:
            self._recount(account)
        return entry_id

    def give_back(
        self, account: Held, points: int, *, parts: Sequence[tuple[OpenLot, int]], key: str, occurred_at: datetime,
        reason: str, **more: Any,
    ) -> int:  # fmt: skip
        """Book a returned redemption: the lots it came from get their points back (`parts`), a debt is paid first."""
        paid = min(account.deficit, points)
        entry_id = self._enter(
            account, EntryKind.REDEEM_ROLLBACK, points, key=key, occurred_at=occurred_at,
            day=local_day(occurred_at, self.zone), reason=reason, deficit_delta=-paid, **more,
        )  # fmt: skip
        account.deficit -= paid
        account.spent -= points
        left = points - paid
        for lot, part in parts:
            back = min(part, left)
            if back:
                lot.remaining += back
                left -= back
                self._allocations.append((entry_id, lot.id, -back))
                self._touched_lots[lot.id] = lot
                if account.lots is not None and lot not in account.lots:
                    account.lots.append(lot)
        self._recount(account)
        return entry_id

    def note_metric(self, account: Held, *, day: date, spend_minor: int, points: int, key: str, source_type: str) -> None:
        """Book what counts for the tier on a day without moving points."""
        self._enter(
            account, EntryKind.TRANSFER_IN, 0, key=key, occurred_at=self.at, day=day, reason="", desired_points=points,
            spend_minor=spend_minor, source_type=source_type,
        )  # fmt: skip

    def settle(self, accounts: Sequence[Held]) -> None:
        """Book what has ended as expired and count the buckets again."""
        self.load_lots(accounts)
        for account in accounts:
            for lot in sorted(account.lots or [], key=lots.soonest_first):
                if lot.remaining and lot.is_over(self.at):
                    self._expire(account, lot)
            self._recount(account)

    def _expire(self, account: Held, lot: OpenLot) -> None:
        ended_at = lot.expires_at or self.at
        points, lot.remaining = lot.remaining, 0
        self.debit(
            account, EntryKind.EXPIRE, points, key=f"expire:{lot.id}:{ended_at:%Y%m%d%H%M}", occurred_at=ended_at,
            day=local_day(ended_at - timedelta(seconds=1), self.zone), reason="", taken=[(lot, points)],
            recount=False,
        )  # fmt: skip

    def _recount(self, account: Held) -> None:
        counted = lots.buckets(account.lots or [], self.at)
        account.pending, account.active = counted.pending, counted.active + counted.over
        account.next_due_at = counted.next_due_at
        account.is_changed = True

    def _enter(
        self, account: Held, kind: str, points: int, *, key: str, occurred_at: datetime, day: date, reason: str,
        deficit_delta: int = 0, desired_points: int | None = None, available_at: datetime | None = None,
        expires_at: datetime | None = None, reverses_id: int | None = None, source_type: str = "",
        source_id: int | None = None, basis_minor: int | None = None, spend_minor: int = 0,
        breakdown: dict[str, Any] | None = None, actor_id: int | None = None, note: str = "",
    ) -> int:  # fmt: skip
        entry_id = next(self._ids, 0)
        if not entry_id:
            self.expect(ID_BLOCK)
            entry_id = next(self._ids)
        self._last_id = entry_id
        self._entries.append(
            (entry_id, account.id, str(kind), points, points if desired_points is None else desired_points, deficit_delta,
             occurred_at, day, self.at, available_at, expires_at, reverses_id, source_type, source_id, basis_minor,
             spend_minor, breakdown or {}, actor_id, note[:300], key[:160])
        )  # fmt: skip
        account.is_changed = True
        name = EVENT_OF.get(kind)  # type: ignore[call-overload]
        if points and name and account.customer_id is not None:
            self.tell(account, name, occurred_at, entry_id, {"points": abs(points), "reason": reason, "entry_id": entry_id})
        return entry_id

    def tell(self, account: Held, name: str, occurred_at: datetime, number: int | str, properties: dict[str, Any]) -> None:
        """Record an event when the book is written."""
        if account.customer_id is not None:
            key = event_key("loyalty", name, number)
            self._events.append(NewEvent(account.customer_id, name, occurred_at, key, "loyalty", properties))

    # --- tiers ------------------------------------------------------------------------------------------------------
    def move(self, account: Held, tier_id: int | None, *, since: datetime, cause: str, metric: int) -> None:
        """Begin a stay in another tier."""
        if tier_id == account.tier_id or tier_id is None:
            return
        since = max(since, account.tier_since) if account.tier_since else since
        before, now = tiers.position(self.levels, account.tier_id), tiers.position(self.levels, tier_id)
        account.stays.append((tier_id, account.tier_id, since, str(cause), metric))
        properties = {
            "tier": self.levels[now].name,
            "from": self.levels[before].name if before >= 0 else "",
            "direction": "up" if now > before else "down",
        }
        if cause != TierCause.MERGED:
            stamp = f"{account.id}:{tier_id}:{since.isoformat()}:{len(account.stays)}"
            self.tell(account, events.TIER_CHANGED, since, stamp, properties)
        account.tier_id, account.tier_since, account.is_changed = tier_id, since, True
        account.tier_until = self.stay_end(local_day(since, self.zone)) if now > 0 else None

    def stay_end(self, day: date) -> datetime | None:
        """The moment at which a stay that begins on `day` is looked at again."""
        last = tiers.period_end(self.programme.tier_window, day)
        return day_end(last, self.zone) if last else None

    # --- writing ----------------------------------------------------------------------------------------------------
    def write(self) -> None:
        """Write everything; the caller's transaction commits it."""
        overdue = [a for a in self.by_id.values() if a.next_due_at is not None and a.next_due_at <= self.at]
        if overdue:
            self.settle(overdue)
        bulk.insert(Entry, ENTRY_COLUMNS, self._entries)
        new = {lot.id: (account, lot) for account in self.by_id.values() for lot in account.opened}
        granted = {row[0]: row[3] + row[5] for row in self._entries}
        bulk.insert(
            Lot,
            LOT_COLUMNS,
            [
                (lot.id, account.id, granted[lot.id], lot.remaining, lot.occurred_at, lot.available_at, lot.expires_at)
                for account, lot in new.values()
            ],
        )
        bulk.insert(Allocation, ("entry_id", "lot_id", "points"), self._allocations)
        old = [lot for lot in self._touched_lots.values() if lot.id not in new]
        sql.update_many(
            Lot, "entry_id", ("remaining", "expires_at"), [(lot.id, lot.remaining, lot.expires_at) for lot in old]
        )
        changed = [account for account in self.by_id.values() if account.is_changed]
        sql.update_many(
            Account, "id", ACCOUNT_COLUMNS, [(a.id, *(getattr(a, name) for name in ACCOUNT_COLUMNS)) for a in changed]
        )
        self._write_stays([account for account in changed if account.stays])
        record_many(self._events, at=self.at)

    def _write_stays(self, moved: Sequence[Held]) -> None:
        sql.update_many(
            TierChange,
            "account_id",
            ("until",),
            [(a.id, a.stays[0][2]) for a in moved],
            only='"loyalty_tierchange"."until" IS NULL',
        )
        rows = []
        for account in moved:
            ends = [stay[2] for stay in account.stays[1:]]
            for (tier_id, previous_id, since, cause, metric), until in zip(account.stays, [*ends, None], strict=True):
                rows.append((account.id, tier_id, previous_id, since, until, cause, metric))
        bulk.insert(TierChange, ("account_id", "tier_id", "previous_id", "since", "until", "cause", "metric"), rows)


HELD = (
    "id", "customer_id", "tier_id", "tier_since", "tier_until", "metric", "pending", "active", "earned", "spent", "expired",
    "deficit", "next_due_at",
)  # fmt: skip


def _locked(accounts: Any) -> list[Held]:
    return [Held(*row) for row in sql.fetch(sql.for_update(accounts.order_by("id")).values_list(*HELD))]


def _join(members: Sequence[tuple[int, datetime]]) -> list[Held]:
    """Open accounts and the first stay, in the lowest tier when it begins at 0; returns them, locked.

    A racing worker's row wins. What this transaction inserted is its own and is not read again.
    """
    first = Tier.objects.order_by("threshold").first()
    tier_id = first.id if first and first.threshold == 0 else None
    stamps = dict(members)
    new = sql.insert_returning(
        Account,
        ("customer_id", "joined_at", "tier_id", "tier_since", "metric", "pending", "active", "earned", "spent", "expired",
         "deficit"),
        [(i, stamp, tier_id, stamp if tier_id else None, 0, 0, 0, 0, 0, 0, 0) for i, stamp in stamps.items()],
        returning=("id", "customer_id"),
    )  # fmt: skip
    if tier_id is not None:
        bulk.insert(
            TierChange,
            ("account_id", "tier_id", "since", "cause", "metric"),
            [(account_id, tier_id, stamps[customer_id], str(TierCause.JOINED), 0) for account_id, customer_id in new],
        )
    held = [
        Held(i, customer_id, tier_id, stamps[customer_id] if tier_id else None, None, 0, 0, 0, 0, 0, 0, 0, None)
        for i, customer_id in new
    ]
    raced = stamps.keys() - {account.customer_id for account in held}
    return held + _locked(Account.objects.filter(customer_id__among=raced)) if raced else held


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


@lru_cache(maxsize=4096)
def span(
    day: date, pending_days: int, expiry_months: int, at_month_end: bool, zone: str
) -> tuple[datetime, datetime | None]:
    """From when until when points earned on a local day can be spent, in whole local days."""
    starts = day_bounds(earning.first_day(day, pending_days=pending_days), zone)[0]
    last = earning.last_day(day, months=expiry_months, at_month_end=at_month_end)
    return starts, day_bounds(last, zone)[1] if last else None


@lru_cache(maxsize=4096)
def day_end(day: date, zone: str) -> datetime:
    return day_bounds(day, zone)[1]
