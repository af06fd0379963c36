"""A person's points when the person is erased or turns out to be somebody else's double."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from loyalty.actions.book import Book, Held
from loyalty.actions.orders import COUNTED, METRIC
from loyalty.enums import EntryKind, TierCause
from loyalty.models import Account, Entry
from loyalty.rules import lots, tiers


def erase(customer_id: int, at: datetime) -> None:
    """Cut the account from the person and blank what staff or shops wrote; the sums stay for the books.

    Blanking `note` is the one change the database allows on a ledger row.
    """
    with transaction.atomic():
        ids = list(Account.objects.filter(customer_id=customer_id).values_list("id", flat=True))
        Entry.objects.filter(account_id__in=ids).exclude(note="").update(note="")
        Account.objects.filter(id__in=ids).update(customer=None)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Move one member's points, debt and tier metric to another; the emptied account stays behind without a person.

    A linked pair of entries per lot, each lot keeps its end; one entry without points per day that counts for the tier.
    """
    with transaction.atomic():
        if not Account.objects.filter(customer_id=from_id).exists():
            return
        book = Book.of_customers([from_id, into_id], at=at)
        old, new = book.by_customer[from_id], book.by_customer[into_id]
        book.load_lots([old, new])
        _move_points(book, old, new)
        _move_debt(book, old, new)
        _move_metric(book, old, new)
        if tiers.position(book.levels, old.tier_id) > tiers.position(book.levels, new.tier_id):
            until = old.tier_until
            book.move(new, old.tier_id, since=at, cause=TierCause.MERGED, metric=old.metric + new.metric)
            new.tier_until = until
        new.metric += old.metric
        book.write()
        Account.objects.filter(id=old.id).update(customer=None)


def _move_points(book: Book, old: Held, new: Held) -> None:
    for lot in list(old.lots or []):
        points, lot.remaining = lot.remaining, 0
        if points:
            out = book.debit(
                old, EntryKind.TRANSFER_OUT, points, key=f"merge:out:{new.id}:{lot.id}", occurred_at=book.at, reason="",
                taken=[(lot, points)],
            )  # fmt: skip
            book.credit(
                new, EntryKind.TRANSFER_IN, points, key=f"merge:in:{old.id}:{lot.id}", occurred_at=book.at, reason="",
                available_at=lot.available_at, expires_at=lot.expires_at, reverses_id=out, keeps_end=True,
            )  # fmt: skip


def _move_debt(book: Book, old: Held, new: Held) -> None:
    if not old.deficit:
        return
    points = old.deficit
    paid = book.credit(old, EntryKind.TRANSFER_IN, points, key=f"merge:debt:{new.id}", occurred_at=book.at, reason="")
    book.debit(
        new, EntryKind.TRANSFER_OUT, points, key=f"merge:debt:{old.id}", occurred_at=book.at, reason="", reverses_id=paid,
        taken=lots.take_back(new.lots or [], points, book.at, origin_id=None), may_owe=True,
    )  # fmt: skip


def _move_metric(book: Book, old: Held, new: Held) -> None:
    rows = Entry.objects.filter(COUNTED, account_id=old.id).values_list("local_day")
    for day, spend, points in rows.annotate(spend=Sum("spend_minor"), points=Sum("desired_points")).order_by("local_day"):
        book.note_metric(
            new, day=day, spend_minor=spend, points=points, key=f"merge:metric:{old.id}:{day}", source_type=METRIC
        )
