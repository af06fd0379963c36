"""The programme in force, and where a member stands in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from referrals.enums import GrantState, ReferralState, Role
from referrals.models import Programme, Referral, RewardGrant

YEAR = timedelta(days=365)


def active() -> Programme | None:
    """The active programme, None while there is none."""
    return Programme.objects.filter(is_active=True).first()


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's totals. `left` is how many rewards the year still allows."""

    rewarded: int
    pending: int
    points: int
    left: int


PENDING = (
    ReferralState.CLAIMED, ReferralState.SIGNED_UP, ReferralState.QUALIFIED, ReferralState.IN_HOLD, ReferralState.FLAGGED,
    ReferralState.APPROVED,
)  # fmt: skip


def standing(customer_id: int, *, programme: Programme, at: datetime) -> Standing:
    """Totals of one member."""
    states = list(Referral.objects.filter(advocate_id=customer_id).values_list("state", flat=True))
    given = RewardGrant.objects.filter(customer_id=customer_id, role=Role.ADVOCATE, state=GrantState.GRANTED)
    rows = list(given.values_list("points", "granted_at"))
    this_year = sum(1 for _, granted_at in rows if granted_at and granted_at > at - YEAR)
    return Standing(
        rewarded=states.count(ReferralState.REWARDED),
        pending=sum(state in PENDING for state in states),
        points=sum(points for points, _ in rows),
        left=max(programme.yearly_cap - this_year, 0),
    )
