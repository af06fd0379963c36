"""A person's points when the person is erased or turns out to be somebody else's double."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from customers.ports.personal_data import Part
from loyalty.actions.book import Book, Held
from loyalty.actions.orders import COUNTED, METRIC
from loyalty.enums import EntryKind, TierCause
from loyalty.models import Account, Allocation, Entry, Lot
from loyalty.rules import lots, tiers
from loyalty.rules.lots import OpenLot


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
    Where the other is no member the account goes over as it is.
    """
    with transaction.atomic():
        if not Account.objects.filter(customer_id=from_id).exists():
            return
        if not Account.objects.filter(customer_id=into_id).exists():
            Account.objects.filter(customer_id=from_id).update(customer_id=into_id)
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


def _stamp(at: datetime) -> str:
    """How the keys of one merge begin: the same two accounts may be merged again after an undo."""
    return f"merge:{at:%Y%m%d%H%M%S%f}:"


def _move_points(book: Book, old: Held, new: Held) -> None:
    for lot in list(old.lots or []):
        points, lot.remaining = lot.remaining, 0
        if points:
            out = book.debit(
                old, EntryKind.TRANSFER_OUT, points, key=f"{_stamp(book.at)}out:{new.id}:{lot.id}", occurred_at=book.at,
                reason="", taken=[(lot, points)],
            )  # fmt: skip
            book.credit(
                new, EntryKind.TRANSFER_IN, points, key=f"{_stamp(book.at)}in:{old.id}:{lot.id}", occurred_at=book.at,
                reason="", available_at=lot.available_at, expires_at=lot.expires_at, reverses_id=out, keeps_end=True,
            )  # fmt: skip


def _move_debt(book: Book, old: Held, new: Held) -> None:
    if not old.deficit:
        return
    points = old.deficit
    paid = book.credit(
        old, EntryKind.TRANSFER_IN, points, key=f"{_stamp(book.at)}debt:{new.id}", occurred_at=book.at, reason=""
    )
    book.debit(
        new, EntryKind.TRANSFER_OUT, points, key=f"{_stamp(book.at)}debt:{old.id}", occurred_at=book.at, reason="",
        reverses_id=paid, taken=lots.take_back(new.lots or [], points, book.at, origin_id=None), may_owe=True,
    )  # fmt: skip


def _move_metric(book: Book, old: Held, new: Held) -> None:
    rows = Entry.objects.filter(COUNTED, account_id=old.id).values_list("local_day")
    for day, spend, points in rows.annotate(spend=Sum("spend_minor"), points=Sum("desired_points")).order_by("local_day"):
        book.note_metric(
            new,
            day=day,
            spend_minor=spend,
            points=points,
            key=f"{_stamp(book.at)}metric:{old.id}:{day}",
            source_type=METRIC,
        )


def remember(from_id: int, into_id: int, at: datetime) -> dict[str, Any]:
    """What is needed to undo a merge: both accounts as they are, and what was booked last."""
    held = {a.customer_id: a for a in Account.objects.filter(customer_id__in=(from_id, into_id))}
    old, new = held.get(from_id), held.get(into_id)
    if old is None:
        return {}
    return {
        "at": at.isoformat(),
        "old": old.pk,
        "new": new.pk if new else None,
        "debt": old.deficit,
        "metric": old.metric,
        "tier": [old.tier_id, _text(old.tier_since), _text(old.tier_until)],
        "target_tier": [new.tier_id, _text(new.tier_since), _text(new.tier_until)] if new else None,
        "last_entry": Entry.objects.filter(account_id=old.pk).aggregate(last=Max("id"))["last"] or 0,
        "lots": dict(Lot.objects.filter(account_id=old.pk, remaining__gt=0).values_list("entry_id", "remaining")),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def unmerge(kept: dict[str, Any], from_id: int, into_id: int, at: datetime) -> None:
    """Book back what a merge moved. What ended meanwhile has ended; what the target spent meanwhile the target pays."""
    if not kept:
        return
    with transaction.atomic():
        if kept["new"] is None:
            _give_account_back(kept, from_id, into_id, at)
            return
        Account.objects.filter(id=kept["old"], customer=None).update(customer_id=from_id)
        book = Book.of_customers([from_id, into_id], at=at)
        old, new = book.by_customer[from_id], book.by_customer[into_id]
        book.load_lots([old, new])
        start = _stamp(datetime.fromisoformat(kept["at"]))
        entries = Entry.objects.filter(idempotency_key__startswith=start)
        moved = entries.filter(account_id=new.id, idempotency_key__startswith=f"{start}in:")
        _points_back(book, old, new, {row.pk: row.points for row in moved}, stamp=start)
        if kept["debt"]:
            _debt_back(
                book, old, new, entries.get(account_id=new.id, idempotency_key=f"{start}debt:{old.id}"), kept["debt"]
            )
        days = entries.filter(account_id=new.id, source_type=METRIC)
        _metric_back(book, new, days.values_list("local_day", "spend_minor", "desired_points"), kept["metric"])
        _tier_back(book, new, kept["target_tier"], lifted_to=kept["tier"][0], at=at)
        book.write()


def _give_account_back(kept: dict[str, Any], from_id: int, into_id: int, at: datetime) -> None:
    """The account that went over goes back; if the target has used it, it stays and the points are booked back."""
    account_id = kept["old"]
    later = Entry.objects.filter(account_id=account_id, id__gt=kept["last_entry"]).exclude(kind=EntryKind.EXPIRE)
    if not later.exists():
        Account.objects.filter(id=account_id, customer_id=into_id).update(customer_id=from_id)
        return
    before = Entry.objects.filter(COUNTED, account_id=account_id, id__lte=kept["last_entry"])
    days = list(before.values_list("local_day").annotate(Sum("spend_minor"), Sum("desired_points")).order_by("local_day"))
    book = Book.of_customers([from_id, into_id], at=at)
    old, new = book.by_customer[from_id], book.by_customer[into_id]
    book.load_lots([old, new])
    granted = {int(lot): points for lot, points in kept["lots"].items()}
    _points_back(book, old, new, granted, stamp=f"{_stamp(at)}whole:")
    if kept["debt"]:
        _owe(book, old, kept["debt"])
        book.credit(
            new, EntryKind.TRANSFER_IN, kept["debt"], key=f"{_stamp(at)}undo:debt:{old.id}", occurred_at=at, reason=""
        )
    for day, spend, points in days:
        key = f"{_stamp(at)}undo:metric:{day}"
        book.note_metric(old, day=day, spend_minor=spend, points=points, key=key, source_type=METRIC)
    old.metric += kept["metric"]
    _metric_back(book, new, days, kept["metric"])
    if kept["tier"][0]:
        book.move(old, kept["tier"][0], since=at, cause=TierCause.MERGED, metric=old.metric)
        old.tier_until = _moment(kept["tier"][2])
    book.write()


def _points_back(book: Book, old: Held, new: Held, granted: dict[int, int], *, stamp: str) -> None:
    """Give back each lot's points that have not ended; first from what is left of the lot, then from any other."""
    ended = dict(
        Allocation.objects.filter(lot_id__in=granted, entry__kind=EntryKind.EXPIRE)
        .values_list("lot_id")
        .annotate(Sum("points"))
        .order_by("lot_id")
    )
    known = {lot.entry_id: lot for lot in Lot.objects.filter(entry_id__in=granted)}
    for lot_id, points in sorted(granted.items()):
        lot, back = known[lot_id], points - ended.get(lot_id, 0)
        if back <= 0:
            continue
        taken = lots.take_back(new.lots or [], back, book.at, origin_id=lot_id)
        out = book.debit(
            new, EntryKind.TRANSFER_OUT, back, key=f"{stamp}undo:out:{lot_id}", occurred_at=book.at, reason="",
            taken=taken, may_owe=True,
        )  # fmt: skip
        book.credit(
            old, EntryKind.TRANSFER_IN, back, key=f"{stamp}undo:in:{lot_id}", occurred_at=book.at, reason="",
            available_at=lot.available_at, expires_at=lot.expires_at, reverses_id=out, keeps_end=True,
        )  # fmt: skip


def _owe(book: Book, old: Held, points: int) -> int:
    return book.debit(
        old, EntryKind.TRANSFER_OUT, points, key=f"{_stamp(book.at)}undo:owe:{old.id}", occurred_at=book.at, reason="",
        taken=[], may_owe=True,
    )  # fmt: skip


def _debt_back(book: Book, old: Held, new: Held, paid: Entry, debt: int) -> None:
    """The debt returns to whom it was; the target gets back what it paid with, lot by lot, with its end."""
    owed = _owe(book, old, debt)
    parts = list(Allocation.objects.filter(entry=paid).select_related("lot").order_by("pk"))
    rest = paid.deficit_delta
    if rest:
        key = f"{_stamp(book.at)}undo:rest:{paid.pk}"
        book.credit(new, EntryKind.TRANSFER_IN, rest, key=key, occurred_at=book.at, reason="", reverses_id=owed)
    for part in parts:
        lot = OpenLot(part.lot_id, part.points, part.lot.occurred_at, part.lot.available_at, part.lot.expires_at)
        if not lot.is_over(book.at):
            book.credit(
                new, EntryKind.TRANSFER_IN, part.points, key=f"{_stamp(book.at)}undo:part:{part.pk}", occurred_at=book.at,
                reason="", available_at=lot.available_at, expires_at=lot.expires_at, reverses_id=owed, keeps_end=True,
            )  # fmt: skip


def _metric_back(book: Book, new: Held, days: Any, metric: int) -> None:
    for day, spend, points in list(days):
        key = f"{_stamp(book.at)}undo:metric:{new.id}:{day}"
        book.note_metric(new, day=day, spend_minor=-spend, points=-points, key=key, source_type=METRIC)
    new.metric -= metric


def _tier_back(book: Book, new: Held, before: list[Any], *, lifted_to: int | None, at: datetime) -> None:
    """The target returns to its own tier, when the merge had lifted it and nothing has moved it since."""
    tier_id, since, until = before
    if tier_id is None or tier_id == new.tier_id or new.tier_id != lifted_to:
        return
    book.move(new, tier_id, since=at, cause=TierCause.MERGED, metric=new.metric)
    new.tier_since, new.tier_until = _moment(since), _moment(until)


def count(customer_id: int) -> list[Part]:
    """What a customer owns here."""
    account = Account.objects.filter(customer_id=customer_id).select_related("tier").first()
    if account is None:
        return []
    level = [Part(_("Tier %(name)s") % {"name": account.tier.name}, 1)] if account.tier else []
    return [Part(_("Points"), account.total), *level]


def warn(from_id: int, into_id: int) -> list[str]:
    """What staff should know before they merge two customers."""
    held = Account.objects.filter(customer_id__in=(from_id, into_id))
    if held.count() < 2:
        return []
    return [_("Both have points: they are added up by bookings of their own. An undo books them back; history stays.")]
