"""Points outside of orders: bonuses and their reversal, redemptions and their return, corrections by staff."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from customers.actions import audit
from loyalty.actions.book import Book, Held
from loyalty.enums import EntryKind
from loyalty.models import Allocation, Entry, Lot
from loyalty.rules import lots
from loyalty.rules.lots import OpenLot

MOST_POINTS = 1_000_000
RETURN_GRACE = timedelta(days=14)


class NotEnoughPoints(Exception):
    """The member has fewer points to spend than asked for."""

    def __init__(self, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} points asked for, {available} available")
        self.wanted, self.available = wanted, available


class NotAnAmountOfPoints(ValueError):
    """Points are whole numbers from 1 to a million."""


class NotARedemption(ValueError):
    """Only a redemption can be returned."""


def give(
    customer_ids: Sequence[int], *, points: int, reason: str, key: str, at: datetime, kind: str = EntryKind.BONUS,
    actor_id: int | None = None,
) -> int:  # fmt: skip
    """Give each customer `points`; who got them under this `key` before is passed over. Returns how many got them now."""
    _check(points)
    with transaction.atomic():
        book = Book.of_customers(customer_ids, at=at)
        known = _booked(book, key)
        wanted = [account for account in book.by_id.values() if account.id not in known]
        if wanted:
            book.expect(len(wanted))
        for account in wanted:
            book.credit(
                account, kind, points, key=key, occurred_at=at, reason=reason or "bonus", note=reason, actor_id=actor_id,
                breakdown={"fixed": points},
            )  # fmt: skip
        book.write()
    return len(wanted)


def take_back(customer_ids: Sequence[int], *, key: str, reason: str, at: datetime) -> int:
    """Undo `give` under this key; what was spent meanwhile becomes a debt that future points pay. Returns for how many."""
    with transaction.atomic():
        book = Book.of_customers(customer_ids, at=at)
        undone = set(_booked(book, f"reverse:{key}"))
        given = {i: entry for i, entry in _booked(book, key).items() if i not in undone}
        accounts = [book.by_id[account_id] for account_id in given]
        book.load_lots(accounts)
        for account in accounts:
            entry_id, points = given[account.id]
            taken = lots.take_back(account.lots or [], points, at, origin_id=entry_id)
            book.debit(
                account, EntryKind.REVERSAL, points, key=f"reverse:{key}", occurred_at=at, taken=taken, may_owe=True,
                reverses_id=entry_id, reason=reason or "bonus taken back", note=reason,
            )  # fmt: skip
        book.write()
    return len(given)


def _booked(book: Book, key: str) -> dict[int, tuple[int, int]]:
    rows = Entry.objects.filter(account_id__in=list(book.by_id), idempotency_key=key[:160])
    return {
        account_id: (entry_id, points) for account_id, entry_id, points in rows.values_list("account_id", "id", "points")
    }


def redeem(
    customer_id: int, *, points: int, reason: str, key: str, at: datetime, occurred_at: datetime | None = None
) -> Entry:
    """Spend `points` of a member, soonest end first. The same `key` again returns the first entry and takes nothing.

    Raises `NotEnoughPoints`. The account is locked first, so racing redemptions never spend a point twice.
    """
    _check(points)
    with transaction.atomic():
        book = Book.of_customers([customer_id], at=at)
        account = book.by_customer[customer_id]
        found = _booked(book, key)
        if found:
            return Entry.objects.get(id=found[account.id][0])
        entry_id = _spend(book, account, EntryKind.REDEEM, points, key, occurred_at or at, reason)
        book.write()
        return Entry.objects.get(id=entry_id)


def _spend(
    book: Book, account: Held, kind: str, points: int, key: str, moment: datetime, reason: str, actor_id: int | None = None
) -> int:
    book.load_lots([account])
    spendable = sum(lot.remaining for lot in account.lots or [] if lot.is_active(moment))
    if spendable < points:
        raise NotEnoughPoints(points, spendable)
    taken = lots.spend(account.lots or [], points, moment)
    return book.debit(
        account, kind, points, key=key, occurred_at=moment, taken=taken, reason=reason, note=reason, actor_id=actor_id
    )


def return_redemption(entry: Entry, *, reason: str, at: datetime) -> Entry:
    """Give the points of a redemption back to the lots they came from; twice has no more effect than once.

    Points keep the end they had, but at least 14 days, so that nobody gets back what is already over.
    """
    if entry.kind != EntryKind.REDEEM:
        raise NotARedemption(entry.kind)
    key = f"return:{entry.id}"
    with transaction.atomic():
        book = Book.of_accounts([entry.account_id], at=at)
        account = book.by_id[entry.account_id]
        found = _booked(book, key)
        if found:
            return Entry.objects.get(id=found[account.id][0])
        book.load_lots([account])
        parts = _origins(entry, account, at)
        entry_id = book.give_back(
            account, -entry.points, parts=parts, key=key, occurred_at=at, reason=reason, note=reason, reverses_id=entry.id,
            source_type="entry", source_id=entry.id,
        )  # fmt: skip
        book.write()
        return Entry.objects.get(id=entry_id)


def _origins(entry: Entry, account: Held, at: datetime) -> list[tuple[OpenLot, int]]:
    held = {lot.id: lot for lot in account.lots or []}
    parts = []
    for allocation in Allocation.objects.filter(entry=entry).select_related("lot").order_by("id"):
        row: Lot = allocation.lot
        lot = held.get(row.pk) or OpenLot(row.pk, row.remaining, row.occurred_at, row.available_at, row.expires_at)
        if lot.expires_at is not None:
            lot.expires_at = max(lot.expires_at, at + RETURN_GRACE)
        parts.append((lot, allocation.points))
    return parts


def adjust(customer_id: int, *, points: int, reason: str, key: str, actor_id: int, at: datetime, address: str = "") -> None:
    """Add (or, negative, remove) points by hand; audited, with the reason the member's ledger shows.

    Raises `NotEnoughPoints` when more would be removed than can be spent, `NotAnAmountOfPoints` for 0 or too many.
    """
    _check(abs(points))
    with transaction.atomic():
        if points > 0:
            done = give(
                [customer_id], points=points, reason=reason, key=key, at=at, kind=EntryKind.MANUAL_CREDIT, actor_id=actor_id
            )
        else:
            done = _remove(customer_id, points=-points, reason=reason, key=key, actor_id=actor_id, at=at)
        if done:
            audit.note(
                "loyalty.points_adjusted", subject=f"customer {customer_id}", user_id=actor_id, at=at, address=address,
                detail={"points": points},
            )  # fmt: skip


def _remove(customer_id: int, *, points: int, reason: str, key: str, actor_id: int, at: datetime) -> int:
    book = Book.of_customers([customer_id], at=at)
    if _booked(book, key):
        return 0
    account = book.by_customer[customer_id]
    _spend(book, account, EntryKind.MANUAL_DEBIT, points, key, at, reason, actor_id)
    book.write()
    return 1


def _check(points: int) -> None:
    if not 1 <= points <= MOST_POINTS:
        raise NotAnAmountOfPoints(points)
