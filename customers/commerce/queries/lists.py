"""Orders, subscriptions and products as lists: a page at a time from a known row on, as fast at row 3,000,000 as at 1."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum

from customers.commerce.queries import settings
from customers.commerce.rules.mrr import COUNTED, RUNNING
from customers.enums import SubscriptionStatus
from customers.models import Order, Product, Subscription, SubscriptionChange

PAGE = 50


@dataclass(frozen=True, slots=True)
class Slice:
    """One page, and where the next one begins; empty at the end."""

    rows: list[Any]
    after: str


def orders(found: QuerySet[Order], after: str) -> Slice:
    """Orders newest first; `after` is the last row of the page before ("2026-03-10T09:00:00+00:00_17")."""
    moment, pk = _cursor(after)
    if moment is not None:
        found = found.filter(placed_at__lte=moment).filter(Q(placed_at__lt=moment) | Q(id__lt=pk))
    rows = list(found.select_related("customer").order_by("-placed_at", "-id")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Slice(rows[:PAGE], f"{last.placed_at.isoformat()}_{last.pk}" if last else "")


def _cursor(text: str) -> tuple[datetime | None, int]:
    moment, _, pk = text.partition("_")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None, 0
    if found.tzinfo is None or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None, 0
    return found, int(pk)


def subscriptions(found: QuerySet[Subscription], after: str, *, by_renewal: bool) -> Slice:
    """Subscriptions newest first, or the next to renew first."""
    day, _, number = after.partition("_")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
    found = found.select_related("customer")
    if by_renewal:
        start = _day(day)
        if start is not None and pk is not None:
            found = found.filter(renews_on__gte=start).filter(Q(renews_on__gt=start) | Q(id__gt=pk))
        rows = list(found.order_by("renews_on", "id")[: PAGE + 1])
    else:
        rows = list((found.filter(id__lt=pk) if pk is not None else found).order_by("-id")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Slice(rows[:PAGE], f"{last.renews_on or ''}_{last.pk}" if last else "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def products(found: QuerySet[Product], after: str) -> Slice:
    """Products by SKU."""
    rows = list((found.filter(sku__gt=after) if after else found).order_by("sku")[: PAGE + 1])
    return Slice(rows[:PAGE], rows[PAGE - 1].sku if len(rows) > PAGE else "")


def totals() -> dict[str, int]:
    """MRR, what of it is at risk because it is cancelled for later, and how many subscriptions run."""
    policy = settings.policy()
    counted = Q(status__in=COUNTED) & (Q(cancel_at__isnull=True) if policy.at_once else Q())
    found = Subscription.objects.exclude(status=SubscriptionStatus.ENDED).aggregate(
        mrr=Sum("mrr_minor", filter=counted),
        at_risk=Sum("mrr_minor", filter=Q(status__in=COUNTED, cancel_at__isnull=False)),
    )
    running = Subscription.objects.filter(status__in=RUNNING).count()
    return {"mrr": found["mrr"] or 0, "at_risk": found["at_risk"] or 0, "running": running}


def of_customer(customer_id: int) -> list[Subscription]:
    """The subscriptions of a customer, running ones first, each with its latest changes as `history`."""
    rows = list(Subscription.objects.filter(customer_id=customer_id).order_by("-changed_at", "-id")[:50])
    rows.sort(key=lambda row: row.status == SubscriptionStatus.ENDED)
    changes = SubscriptionChange.objects.filter(subscription__in=rows).order_by("-changed_at", "-key")[:500]
    by_id: dict[int, list[SubscriptionChange]] = {}
    for change in changes:
        by_id.setdefault(change.subscription_id, []).append(change)
    for row in rows:
        row.history = by_id.get(row.pk, [])  # type: ignore[attr-defined]
    return rows
