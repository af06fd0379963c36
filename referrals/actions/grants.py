"""Giving rewards and taking them back, through whatever points programme is installed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F

from config.kit import sql
from customers.ports import effects
from referrals.actions.move import move
from referrals.enums import GrantState, Reason, ReferralState, Role
from referrals.models import Code, Referral, RewardGrant, RewardTally

log = logging.getLogger(__name__)
POINTS = "loyalty.give_points"
YEAR = timedelta(days=365)


def pay(referrals: Sequence[Referral], *, at: datetime) -> int:
    """Reward both sides of these locked, approved referrals; returns how many.

    Without a points programme they stay approved and say so. A reward that fails leaves its own referral approved for the
    next run; the key of the occasion makes sure that nobody is paid twice.
    """
    if not effects.has(POINTS):
        waiting = [r for r in referrals if r.reason != Reason.NO_POINTS_PROGRAMME]
        for referral in waiting:
            referral.reason, referral.changed_at = Reason.NO_POINTS_PROGRAMME, at
        Referral.objects.bulk_update(waiting, ["reason", "changed_at"])
        return 0
    count = 0
    for referral in referrals:
        try:
            with transaction.atomic():
                _pay(referral, at)
        except (ValueError, DatabaseError) as error:
            log.error("referral %s stays approved: %s", referral.pk, error)
            continue
        count += 1
    return count


def _pay(referral: Referral, at: datetime) -> None:
    is_capped = _is_over_cap(referral, at)
    give = effects.get(POINTS)
    for role, customer_id, points in _sides(referral):
        key = f"referral:{referral.pk}:{role}"
        capped = is_capped and role == Role.ADVOCATE
        RewardGrant.objects.get_or_create(
            key=key,
            defaults={
                "referral": referral,
                "customer_id": customer_id,
                "role": role,
                "points": points,
                "state": GrantState.CAPPED if capped else GrantState.GRANTED,
                "created_at": at,
                "granted_at": None if capped else at,
            },
        )
        if not capped:
            give.apply([customer_id], {"points": points, "reason": words(role)}, key, at)
    referral.rewarded_at = at
    reason = Reason.REWARD_CAPPED if is_capped else Reason.REWARD_PAID
    move([referral], to=ReferralState.REWARDED, reason=reason, at=at, fields=["rewarded_at"])
    sql.add_up(RewardTally, key=["customer"], add=["rewarded_count"], rows=[(referral.advocate_id, 1)])


def _sides(referral: Referral) -> list[tuple[Role, int, int]]:
    sides = [(Role.ADVOCATE, referral.advocate_id, referral.advocate_points)]
    if referral.friend_id is not None:
        sides.append((Role.FRIEND, referral.friend_id, referral.friend_points))
    return [side for side in sides if side[2] > 0]


def words(role: Role) -> str:
    """The reason of a reward, as the points programme shows it."""
    return "A friend you referred placed a first order" if role == Role.ADVOCATE else "Welcome gift of a friend"


def _is_over_cap(referral: Referral, at: datetime) -> bool:
    """Whether the member had all rewards of a year; the lock on the code lets one payment at a time count."""
    sql.for_update(Code.objects.filter(pk=referral.code_id)).first()
    given = RewardGrant.objects.filter(
        customer_id=referral.advocate_id, role=Role.ADVOCATE, state=GrantState.GRANTED, granted_at__gt=at - YEAR
    )
    return given.exclude(referral=referral).count() >= referral.programme.yearly_cap


def reverse(referrals: Sequence[Referral], *, reason: Reason, at: datetime, by: int | None = None, note: str = "") -> None:
    """Take the rewards of these locked, rewarded referrals back."""
    effect = effects.get(POINTS) if effects.has(POINTS) else None
    for referral in referrals:
        for grant in RewardGrant.objects.filter(referral=referral, state=GrantState.GRANTED):
            if effect is not None and effect.reverse is not None:
                params = {"points": grant.points, "reason": str(reason.label)}
                effect.reverse([grant.customer_id], params, grant.key, at)
            grant.state, grant.reversed_at = GrantState.REVERSED, at
            grant.save(update_fields=["state", "reversed_at"])
        referral.decided_at = at
        RewardTally.objects.filter(customer_id=referral.advocate_id, rewarded_count__gt=0).update(
            rewarded_count=F("rewarded_count") - 1
        )
    move(list(referrals), to=ReferralState.REVERSED, reason=reason, at=at, by=by, note=note, fields=["decided_at"])
