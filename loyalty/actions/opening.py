"""Balances that members bring along from another programme, given once per customer and key."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from config.kit.clock import day_bounds
from customers.ports.import_kinds import CREATED, UNCHANGED, OpeningBalance
from customers.queries import brand
from loyalty.actions.book import Book
from loyalty.actions.points import MOST_POINTS
from loyalty.enums import EntryKind
from loyalty.models import Entry

REASON = "Balance brought along"


def give(balances: Sequence[OpeningBalance], at: datetime) -> list[str]:
    """Book each balance as a bonus; says of each what became of it, see `customers.ports.import_kinds`.

    A balance of 0 needs no booking. The same balance again changes nothing; another one under the same key is refused: the
    ledger has moved on since, and a correction is a booking of its own.
    """
    results = [_problem(balance, at) for balance in balances]
    wanted = [n for n, problem in enumerate(results) if not problem]
    with transaction.atomic():
        book = Book.of_customers({balances[n].customer_id for n in wanted if balances[n].points}, at=at)
        known = _given(book, {_key(balances[n]) for n in wanted})
        book.expect(len(wanted))
        for n in wanted:
            balance, key = balances[n], _key(balances[n])
            account = book.by_customer.get(balance.customer_id)
            before = known.get((account.id, key)) if account else None
            if before is not None or account is None or not balance.points:
                results[n] = UNCHANGED if (before or 0) == balance.points else _other(before or 0)
                continue
            book.credit(
                account, EntryKind.BONUS, balance.points, key=key, occurred_at=at, reason=REASON, note=REASON,
                breakdown={"fixed": balance.points}, expires_at=_end(balance.expires_on),
            )  # fmt: skip
            known[account.id, key] = balance.points
            results[n] = CREATED
        book.write()
    return results


def _key(balance: OpeningBalance) -> str:
    return f"opening:{balance.key}"[:160]


def _given(book: Book, keys: set[str]) -> dict[tuple[int, str], int]:
    rows = Entry.objects.filter(account_id__in=list(book.by_id), idempotency_key__in=sorted(keys))
    found = rows.values_list("account_id", "idempotency_key", "points")
    return {(account_id, key): points for account_id, key, points in found}


def _problem(balance: OpeningBalance, at: datetime) -> str:
    if not 0 <= balance.points <= MOST_POINTS:
        return f"is more than {MOST_POINTS:,} points, the most that one booking may give."
    end = _end(balance.expires_on)
    return "would be over already: the day on which these points end lies in the past." if end and end <= at else ""


def _end(day: date | None) -> datetime | None:
    return day_bounds(day, brand.current().timezone)[1] if day else None


def _other(before: int) -> str:
    return f"differs from the balance of {before:,} points given before under this key. Correct it on the member's page."
