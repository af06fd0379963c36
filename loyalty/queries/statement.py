"""A member's points in words: balance now, what is coming, what ends, and how every number came about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Sum

from config.kit.money import Money
from loyalty.enums import EntryKind, TierMetric
from loyalty.models import Account, Entry, Lot, Programme, Tier
from loyalty.models.ledger import HALF_A_DAY
from loyalty.queries import programme as programmes
from loyalty.rules import lots, tiers
from loyalty.rules.lots import OpenLot


@dataclass(frozen=True, slots=True)
class Balance:
    """Points at one moment, counted from the lots, so that it is right even while due work waits."""

    active: int
    pending: int
    deficit: int
    coming: list[tuple[datetime, int]]
    ending: list[tuple[datetime, int]]

    @property
    def next_ending(self) -> tuple[datetime, int] | None:
        return self.ending[0] if self.ending else None

    @property
    def next_coming(self) -> tuple[datetime, int] | None:
        return self.coming[0] if self.coming else None


def balance(account: Account, *, at: datetime) -> Balance:
    """The balance of one account at a moment, with what matures and ends next, soonest first."""
    rows = Lot.objects.filter(account=account, remaining__gt=0).values_list(
        "entry_id", "remaining", "occurred_at", "available_at", "expires_at"
    )
    open_lots = [OpenLot(*row) for row in rows]
    counted = lots.buckets(open_lots, at)
    coming: dict[datetime, int] = {}
    ending: dict[datetime, int] = {}
    for lot in open_lots:
        if lot.is_over(at):
            continue
        if lot.available_at > at:
            coming[lot.available_at] = coming.get(lot.available_at, 0) + lot.remaining
        elif lot.expires_at is not None:
            last_day = lot.expires_at - HALF_A_DAY
            ending[last_day] = ending.get(last_day, 0) + lot.remaining
    return Balance(counted.active, counted.pending, account.deficit, sorted(coming.items()), sorted(ending.items()))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is: `sentence` says it in plain words, `share` is 0 to 100 of the way to the next tier."""

    tier: Tier | None
    next_tier: Tier | None
    metric: int
    metric_words: str
    missing_words: str
    share: int
    until: datetime | None


def progress(account: Account, programme: Programme) -> Progress:
    """Tier, next tier and what is missing."""
    all_tiers = list(Tier.objects.order_by("threshold"))
    rank = tiers.position(programmes.levels(), account.tier_id)
    after = all_tiers[rank + 1] if rank + 1 < len(all_tiers) else None
    missing = max(after.threshold - account.metric, 0) if after else 0
    share = min(100, max(0, account.metric * 100 // after.threshold)) if after and after.threshold else 100
    return Progress(
        tier=all_tiers[rank] if rank >= 0 else None,
        next_tier=after,
        metric=account.metric,
        metric_words=metric_words(max(account.metric, 0), programme),
        missing_words=metric_words(missing, programme),
        share=share,
        until=account.tier_until,
    )


def metric_words(amount: int, programme: Programme) -> str:
    """A tier metric as people say it: "£38", "£38.50" or "380 points"."""
    if programme.tier_metric == TierMetric.POINTS_EARNED:
        return f"{amount:,} {programme.points_name}"
    text = str(Money(amount, programme.currency))
    return text.removesuffix(".00")


def explain(account: Account) -> list[dict[str, Any]]:
    """Why the balance is what it is: one row per kind of booking with its sum; the rows add up to points less debt."""
    sums = dict(
        Entry.objects.filter(account=account).exclude(points=0).order_by().values_list("kind").annotate(total=Sum("points"))
    )
    return [
        {"label": kind.label, "kind": kind.value, "points": sums[kind.value]} for kind in EntryKind if kind.value in sums
    ]


def history(account: Account) -> Any:
    """The ledger of a member, newest first, without bookings that moved no points."""
    rows = Entry.objects.filter(account=account).exclude(points=0)
    return rows.select_related("reverses").order_by("-occurred_at", "-id")


def words(entry: Entry, programme: Programme) -> str:
    """How one entry came about, in a sentence for the member."""
    count = entry.breakdown
    if entry.kind == EntryKind.EARN_ORDER and "per_minor" in count:
        paid = Money(count["amount_minor"], programme.currency)
        text = f"{paid} at {count['points']} per {Money(count['per_minor'], programme.currency)}"
        if count.get("factor_percent", 100) != 100:
            text += f", times {count['factor_percent'] / 100:g} as {count.get('tier')}"
        return text
    if entry.kind == EntryKind.CLAWBACK and entry.reverses_id and entry.basis_minor:
        return f"{Money(entry.basis_minor, programme.currency)} was refunded"
    return ""


def open_lots(account: Account) -> Any:
    """Lots with points left, in the order in which they will be spent."""
    rows = Lot.objects.filter(account=account, remaining__gt=0).select_related("entry")
    return rows.order_by(F("expires_at").asc(nulls_last=True), "occurred_at", "pk")
