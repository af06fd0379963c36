"""Tiers over time: periods that end, windows that move on, and rules that change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from config.kit import sql
from config.kit.clock import local_day
from customers.ports.jobs import Due
from customers.queries import brand
from loyalty.actions.book import Book
from loyalty.actions.orders import end_periods, metric_amount, metric_days
from loyalty.enums import AlignScope, TierCause
from loyalty.models import Account, Entry, Programme
from loyalty.queries import programme as programmes
from loyalty.rules import tiers
from loyalty.rules.tiers import Level

CHUNK = 2000


def review_due(*, at: datetime, limit: int = CHUNK) -> int:
    """Decide about up to `limit` accounts whose tier period and grace are over; returns how many."""
    programme = programmes.current()
    with transaction.atomic():
        ids = list(_period_over(programme, at).order_by("tier_until").values_list("id", flat=True)[:limit])
        if not ids:
            return 0
        book = Book.of_accounts(ids, at=at)
        first = min(a.tier_until for a in book.by_id.values() if a.tier_until is not None)
        since = tiers.window_start(programme.tier_window, local_day(first, book.zone))
        days = metric_days(book.by_id, programme, since=since)
        today = local_day(at, book.zone)
        for account in book.by_id.values():
            end_periods(book, account, days[account.id], at)
            account.metric = tiers.metric_on(days[account.id], programme.tier_window, today)
            account.is_changed = True
        book.write()
    return len(ids)


def _period_over(programme: Programme, at: datetime) -> QuerySet[Account]:
    return Account.objects.filter(tier_until__lte=at - timedelta(days=programme.grace_days))


def review_waits(at: datetime) -> Due:
    """Accounts that wait for `review_due`."""
    found = _period_over(programmes.current(), at).aggregate(oldest=Min("tier_until"))
    return Due(_period_over(programmes.current(), at).count(), found["oldest"])


def refresh_metrics(*, at: datetime) -> int:
    """Count the tier metric of everybody again: orders leave the window as days pass. One statement; returns changes."""
    programme = programmes.current()
    first = tiers.window_start(programme.tier_window, local_day(at, brand.current().timezone))
    today = local_day(at, brand.current().timezone)
    sums = (
        Entry.objects.filter(account=OuterRef("pk"), local_day__gte=first, local_day__lte=today)
        .order_by()
        .values("account")
        .annotate(total=Sum(metric_amount(programme)))
        .values("total")
    )
    fresh = Coalesce(Subquery(sums), Value(0))
    return Account.objects.exclude(metric=0, earned=0).exclude(metric=fresh).update(metric=fresh)


# --- rules that change ----------------------------------------------------------------------------------------------
def preview(new_levels: Sequence[Level]) -> tuple[int, int]:
    """How many members would go up and down if these were the tiers, by the metric they have now."""
    if not new_levels:
        return (0, 0)
    rows = Account.objects.annotate(now=_rank(new_levels, F("tier_id")), then=_rank_by_metric(new_levels))
    return rows.filter(then__gt=F("now")).count(), rows.filter(then__lt=F("now")).count()


def _rank(of: Sequence[Level], tier_id: Any) -> Case:
    return Case(*[When(tier_id=level.id, then=Value(i)) for i, level in enumerate(of)], default=Value(-1))


def _rank_by_metric(of: Sequence[Level]) -> Case:
    whens = [When(metric__gte=level.threshold, then=Value(i)) for i, level in reversed(list(enumerate(of)))]
    return Case(*whens, default=Value(0 if of[0].threshold == 0 else -1))


def align(*, at: datetime, limit: int = CHUNK) -> int:
    """Move up to `limit` members to the tier that the present rules give them, as the programme's `align` asks.

    Returns how many moved; when nobody is left the request is cleared. Survives a stop at any point.
    """
    with transaction.atomic():
        programme = sql.for_update(Programme.objects.filter(pk=1)).first()
        present = programmes.levels()
        if programme is None or not programme.align or not present:
            return 0
        wrong = Q(then__gt=F("now")) | (Q(then__lt=F("now")) if programme.align == AlignScope.BOTH else Q(pk__in=[]))
        rows = Account.objects.annotate(now=_rank(present, F("tier_id")), then=_rank_by_metric(present))
        found = list(rows.filter(wrong, then__gte=0).order_by("id").values_list("id", "then")[:limit])
        if not found:
            Programme.objects.filter(pk=1).update(align=AlignScope.NONE)
            return 0
        book = Book.of_accounts([account_id for account_id, _ in found], at=at)
        for account_id, rank in found:
            account = book.by_id[account_id]
            book.move(account, present[rank].id, since=at, cause=TierCause.RULES_CHANGED, metric=account.metric)
        book.write()
    return len(found)
