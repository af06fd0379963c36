"""Fields for segments, due work, and a person's referrals on export, erasure and merge."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min

from customers.ports.jobs import Due
from referrals.actions import privacy
from referrals.actions.release import LATE_EVENTS
from referrals.enums import OPEN, ReferralState
from referrals.models import Code, Referral, RewardGrant, RewardTally
from referrals.queries.fields import FIELDS

__all__ = ["FIELDS", "MODELS", "due", "erase", "export", "merge"]
MODELS = (Code, Referral, RewardGrant, RewardTally)


def due(at: datetime) -> Due:
    """Referrals that `release_due` would take now: their return period or time to order is over."""
    held = Referral.objects.filter(state__in=[ReferralState.IN_HOLD, ReferralState.APPROVED], hold_until__lte=at).aggregate(
        count=Count("id"), since=Min("hold_until")
    )
    late = Referral.objects.filter(state__in=OPEN, expires_at__lt=at - LATE_EVENTS).aggregate(
        count=Count("id"), since=Min("expires_at")
    )
    moments = [held["since"], late["since"] and late["since"] + LATE_EVENTS]
    return Due(held["count"] + late["count"], min(filter(None, moments), default=None))


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """The customer's code, referrals as member (friends' addresses are theirs) and as friend, and rewards."""
    columns = ["state", "reason", "claimed_at", "signed_up_at", "qualified_at", "rewarded_at", "order_number"]
    rewards = RewardGrant.objects.filter(customer_id=customer_id)
    return {
        "referral_code": list(Code.objects.filter(customer_id=customer_id).values("code", "created_at")),
        "referrals_made": list(Referral.objects.filter(advocate_id=customer_id).values(*columns)),
        "referred_by_a_friend": list(Referral.objects.filter(friend_id=customer_id).values("email", *columns)),
        "referral_rewards": list(rewards.values("role", "points", "state", "granted_at", "reversed_at")),
    }


def erase(customer_id: int, at: datetime) -> None:
    privacy.erase(customer_id, at=at)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    privacy.merge(from_id, into_id, at=at)
