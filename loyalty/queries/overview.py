"""The programme in numbers."""

from datetime import date
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from loyalty.enums import EntryKind
from loyalty.models import Account, Entry, Programme, Tier
from loyalty.rules.earning import add_months

EARNED = [EntryKind.EARN_ORDER, EntryKind.BONUS, EntryKind.MANUAL_CREDIT]
REDEEMED = [EntryKind.REDEEM, EntryKind.REDEEM_ROLLBACK]


def totals(programme: Programme) -> dict[str, Any]:
    """Members, points outstanding (pending and active), points owed, the liability in minor units (None: not valued)."""
    found = Account.objects.aggregate(
        members=Count("id", filter=Q(customer__isnull=False)), active=Sum("active"), pending=Sum("pending"),
        owed=Sum("deficit"), earned=Sum("earned"), spent=Sum("spent"), expired=Sum("expired"),
    )  # fmt: skip
    found = {name: value or 0 for name, value in found.items()}
    outstanding = found["active"] + found["pending"]
    liability = outstanding * programme.value_minor // programme.value_points if programme.value_minor else None
    return found | {"outstanding": outstanding, "liability": liability}


def by_tier() -> list[dict[str, Any]]:
    """Each tier with its number of members, lowest first."""
    counts = dict(Account.objects.filter(customer__isnull=False).order_by().values_list("tier_id").annotate(n=Count("id")))
    return [{"tier": tier, "count": counts.get(tier.id, 0)} for tier in Tier.objects.order_by("threshold")]


def tier_chart(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "tier-chart", "title": "Members by tier", "kind": "bar", "unit": "number",
        "labels": [row["tier"].name for row in rows],
        "series": [{"name": "Members", "values": [row["count"] for row in rows]}],
    }  # fmt: skip


def month_chart(today: date, *, months: int = 12) -> dict[str, Any]:
    """Points earned (less refunds), redeemed and expired per month, the last `months` of them."""
    first = add_months(today.replace(day=1), 1 - months)
    rows = (
        Entry.objects.filter(local_day__gte=first, local_day__lte=today)
        .annotate(month=TruncMonth("local_day"))
        .order_by()
        .values_list("month")
        .annotate(
            earned=Sum("points", filter=Q(kind__in=[*EARNED, EntryKind.CLAWBACK, EntryKind.REVERSAL])),
            redeemed=Sum("points", filter=Q(kind__in=REDEEMED)),
            expired=Sum("points", filter=Q(kind=EntryKind.EXPIRE)),
        )
    )
    found = {month: values for month, *values in rows}
    labels = [add_months(first, i) for i in range(months)]

    def column(number: int, sign: int) -> list[int]:
        return [sign * (found.get(month, [0, 0, 0])[number] or 0) for month in labels]

    return {
        "id": "points-chart", "title": _("Earned, redeemed and expired by month"), "kind": "bar", "unit": "number",
        "labels": [f"{month:%b %Y}" for month in labels],
        "series": [
            {"name": _("Earned"), "values": column(0, 1)},
            {"name": _("Redeemed"), "values": column(1, -1)},
            {"name": _("Expired"), "values": column(2, -1)},
        ],
    }  # fmt: skip
