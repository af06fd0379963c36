"""What segments, journeys and lists can ask about membership: one row per member.

A customer who is no member has 0 points and no tier. What depends on the programme's tiers and rewards is worked out from
those of the moment of asking.
"""

from typing import Any

from django.db.models import BigIntegerField, Case, F, IntegerField, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Greatest, Least

from customers.ports.fields import Field, FieldType
from loyalty.models import Account, Lot, Reward, Tier
from loyalty.queries import programme

GROUP = "Loyalty"


def _accounts() -> QuerySet[Any]:
    return Account.objects.filter(customer__isnull=False)


def _tier_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in Tier.objects.order_by("threshold").values_list("name", flat=True)]


def _climbing() -> QuerySet[Any]:
    """Members below the top tier, with what is missing to the next and how far they have come, as their page shows it."""
    levels, unit = programme.levels(), programme.metric_unit()
    before: list[int | None] = [None, *(level.id for level in levels)]
    missing = [
        When(tier=now, then=(Greatest(Value(after.threshold) - F("metric"), Value(0)) + Value(unit - 1)) / Value(unit))
        for now, after in zip(before, levels, strict=False)
        if now is not None
    ]
    come = [
        When(tier=now, then=Least(Greatest(F("metric") * Value(100) / Value(after.threshold), Value(0)), Value(100)))
        for now, after in zip(before, levels, strict=False)
        if now is not None and after.threshold
    ]
    first = levels[:1]
    missing += [
        When(tier=None, then=(Greatest(Value(low.threshold) - F("metric"), Value(0)) + Value(unit - 1)) / Value(unit))
        for low in first
    ]
    come += [
        When(tier=None, then=Least(Greatest(F("metric") * Value(100) / Value(low.threshold), Value(0)), Value(100)))
        for low in first
        if low.threshold
    ]
    return _accounts().annotate(
        to_next=Case(*missing, output_field=BigIntegerField()), come=Case(*come, output_field=BigIntegerField())
    )


def _reaching() -> QuerySet[Any]:
    """Members with the number of rewards on offer that their points and their tier suffice for."""
    offers = Reward.objects.filter(is_active=True).exclude(stock=0).values_list("cost", "min_tier__threshold")
    reached: Any = Value(0)
    for cost, threshold in offers:
        affords = Q(active__gte=cost) if threshold is None else Q(active__gte=cost, tier__threshold__gte=threshold)
        reached = reached + Case(When(affords, then=1), default=0, output_field=IntegerField())
    return _accounts().annotate(reached=reached)


def _ending() -> QuerySet[Any]:
    """Members with points that end, and the moment after the last day of those that end first."""
    lots = Lot.objects.filter(remaining__gt=0, expires_at__isnull=False, account__customer__isnull=False)
    return lots.order_by().values("account__customer").annotate(ends_first=Min("expires_at"), of=Sum("remaining"))


T = FieldType
FIELDS = (
    Field("loyalty.points", "Points to spend", GROUP, T.NUMBER, _accounts, "customer", "active", 0),
    Field("loyalty.points_pending", "Points on their way", GROUP, T.NUMBER, _accounts, "customer", "pending", 0),
    Field("loyalty.lifetime_points", "Points earned in total", GROUP, T.NUMBER, _accounts, "customer", "earned", 0),
    Field("loyalty.spent_points", "Points redeemed in total", GROUP, T.NUMBER, _accounts, "customer", "spent", 0),
    Field("loyalty.points_end_at", "Points end next", GROUP, T.DATETIME, _ending, "account__customer", "ends_first"),
    Field("loyalty.tier", "Tier", GROUP, T.CHOICE, _accounts, "customer", "tier__name", "", _tier_choices),
    Field("loyalty.tier_since", "Tier since", GROUP, T.DATETIME, _accounts, "customer", "tier_since"),
    Field("loyalty.tier_until", "Tier until", GROUP, T.DATETIME, _accounts, "customer", "tier_until"),
    Field("loyalty.to_next_tier", "Missing to the next tier", GROUP, T.NUMBER, _climbing, "customer", "to_next"),
    Field("loyalty.next_tier_percent", "Way to the next tier in percent", GROUP, T.NUMBER, _climbing, "customer", "come"),
    Field("loyalty.rewards_in_reach", "Rewards in reach", GROUP, T.NUMBER, _reaching, "customer", "reached", 0),
    Field("loyalty.joined_at", "Member since", GROUP, T.DATETIME, _accounts, "customer", "joined_at"),
)
