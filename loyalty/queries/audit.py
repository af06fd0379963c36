"""The nightly proof: balances are the sums of the ledger."""

from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from loyalty.enums import EntryKind
from loyalty.models import Account, Allocation, Entry, Lot


def drift() -> list[str]:
    """What does not add up, one sentence per kind of fault; empty when all is well.

    Lots against their allocations, debts and totals against entries, and sum(points) = pending + active - deficit.
    """
    found = []
    for label, count in _checks():
        if count:
            found.append(f"{label}: {count}")
    return found


def _checks() -> list[tuple[str, int]]:
    taken = Allocation.objects.filter(lot=OuterRef("pk")).order_by().values("lot").annotate(n=Sum("points")).values("n")
    lots = Lot.objects.annotate(taken=Coalesce(Subquery(taken), Value(0)))
    open_lots = Lot.objects.filter(account=OuterRef("pk")).order_by().values("account").annotate(n=Sum("remaining"))
    accounts = Account.objects.annotate(
        points=_sum("points"),
        debt=_sum("deficit_delta"),
        used=_sum("points", kind__in=[EntryKind.REDEEM, EntryKind.REDEEM_ROLLBACK]),
        ended=_sum("points", kind=EntryKind.EXPIRE),
        held=Coalesce(Subquery(open_lots.values("n")), Value(0)),
    )
    return [
        ("lots that differ from their allocations", lots.exclude(remaining=F("granted") - F("taken")).count()),
        ("members whose points differ from the ledger", accounts.exclude(points=F("held") - F("deficit")).count()),
        ("members whose balance differs from their lots", accounts.exclude(held=F("pending") + F("active")).count()),
        (
            "members whose totals differ from the ledger",
            accounts.exclude(
                Q(debt=F("deficit")) & Q(used=-F("spent")) & Q(ended=-F("expired"))
                & Q(points=F("earned") - F("spent") - F("expired"))
            ).count(),
        ),
    ]  # fmt: skip


def _sum(column: str, **narrow: object) -> Coalesce:
    rows = Entry.objects.filter(account=OuterRef("pk"), **narrow).order_by().values("account")
    return Coalesce(Subquery(rows.annotate(n=Sum(column)).values("n")), Value(0))
