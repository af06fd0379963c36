"""What segments, journeys and lists can ask about referrals, of those who bring friends and of those who were brought."""

from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from customers.models import EventAggregate
from customers.ports.fields import Field, FieldType
from referrals.enums import UNBOUND, ReferralState
from referrals.events import SHARED
from referrals.models import Code, Referral, RewardTally

GROUP = "Referrals"
# Refused by the checks or by a person: nobody was brought.
REFUSED = (ReferralState.BLOCKED, ReferralState.VOIDED)


def _codes() -> QuerySet[Any]:
    return Code.objects.filter(customer__isnull=False)


def _shared() -> QuerySet[Any]:
    return EventAggregate.objects.filter(name=SHARED)


def _made() -> QuerySet[Any]:
    """Members whose friends took up the offer; friends who were refused do not count."""
    made = Referral.objects.exclude(state__in=REFUSED).order_by().values("advocate")
    joined = Count("id", filter=Q(signed_up_at__isnull=False))
    return made.annotate(claimed=Count("id"), joined=joined, latest=Max("claimed_at"))


def _received() -> QuerySet[Any]:
    """Customers whom somebody brought: at most one referral each, the database sees to it."""
    return Referral.objects.filter(friend__isnull=False).exclude(state__in={*UNBOUND, *REFUSED})


T = FieldType
FIELDS = [
    Field("referrals.code", "Referral code", GROUP, T.TEXT, _codes, "customer", "code", ""),
    Field("referrals.shared_count", "Times the link was shared", GROUP, T.NUMBER, _shared, "customer", "count", 0),
    Field("referrals.claimed_count", "Friends who took the offer", GROUP, T.NUMBER, _made, "advocate", "claimed", 0),
    Field("referrals.joined_count", "Friends who became customers", GROUP, T.NUMBER, _made, "advocate", "joined", 0),
    Field("referrals.last_claimed_at", "Last friend took the offer", GROUP, T.DATETIME, _made, "advocate", "latest"),
    Field("referrals.rewarded_count", "Friends rewarded", GROUP, T.NUMBER, RewardTally.objects.all, "customer_id",
          "rewarded_count", 0),
    Field("referrals.referred_at", "Was brought by a friend", GROUP, T.DATETIME, _received, "friend", "claimed_at"),
]  # fmt: skip
