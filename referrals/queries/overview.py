"""Numbers of the programme for its first page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from referrals.enums import GrantState, ReferralState
from referrals.models import Click, Referral, RewardGrant, RewardTally


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many came how far, of those whose step began in the period."""

    clicked: int
    claimed: int
    signed_up: int
    qualified: int
    rewarded: int


def funnel(*, since: datetime) -> Funnel:
    """Visitors since then, and how far the claims since then have come; blocked claims are no claims."""
    claimed = Referral.objects.filter(claimed_at__gte=since).exclude(state=ReferralState.BLOCKED, qualified_at__isnull=True)
    found = claimed.aggregate(
        claimed=Count("id"),
        signed_up=Count("id", filter=Q(friend__isnull=False) | Q(qualified_at__isnull=False)),
        qualified=Count("id", filter=Q(qualified_at__isnull=False)),
        rewarded=Count("id", filter=Q(rewarded_at__isnull=False)),
    )
    return Funnel(clicked=Click.objects.filter(at__gte=since, is_bot=False).count(), **found)


def points_given(*, since: datetime) -> int:
    """Points of both sides given since then and not taken back."""
    given = RewardGrant.objects.filter(state=GrantState.GRANTED, granted_at__gte=since)
    return given.aggregate(total=Sum("points"))["total"] or 0


def order_value(*, since: datetime) -> int:
    """Minor units of the first orders of friends qualified since then, without voided ones."""
    orders = Referral.objects.filter(qualified_at__gte=since).exclude(
        state__in=[ReferralState.VOIDED, ReferralState.BLOCKED, ReferralState.REVERSED]
    )
    return orders.aggregate(total=Sum("order_minor"))["total"] or 0


def top_advocates(limit: int = 10) -> QuerySet[RewardTally]:
    """Members with the most rewarded friends."""
    return (
        RewardTally.objects.filter(rewarded_count__gt=0)
        .select_related("customer", "customer__referral_code")
        .order_by("-rewarded_count", "customer_id")[:limit]
    )


def by_state() -> dict[str, int]:
    """How many referrals stand in each state."""
    return dict(Referral.objects.order_by().values_list("state").annotate(Count("id")))
