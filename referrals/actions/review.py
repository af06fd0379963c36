"""A person decides."""

from datetime import datetime

from django.db import transaction

from config.kit import sql
from referrals.actions import grants
from referrals.actions.move import move
from referrals.enums import OPEN, UNREWARDED, Reason, ReferralState
from referrals.models import Referral

APPROVABLE = frozenset({ReferralState.FLAGGED})
VOIDABLE = frozenset({*OPEN, *UNREWARDED, ReferralState.REWARDED})


class CannotDecide(Exception):
    """The referral is in a state in which this decision makes no sense, perhaps by somebody else's decision."""


def approve(referral_id: int, *, by: int | None, note: str, at: datetime) -> None:
    """Let a flagged referral through; the next run pays it once its return period is over."""
    with transaction.atomic():
        referral = _locked(referral_id, APPROVABLE)
        referral.decided_at = at
        move(
            [referral], to=ReferralState.APPROVED, reason=Reason.STAFF_APPROVED, at=at, by=by, note=note,
            fields=["decided_at"],
        )  # fmt: skip


def void(referral_id: int, *, by: int | None, note: str, at: datetime) -> None:
    """End a referral; a reward that was given is taken back."""
    with transaction.atomic():
        referral = _locked(referral_id, VOIDABLE)
        if referral.state == ReferralState.REWARDED:
            grants.reverse([referral], reason=Reason.STAFF_VOIDED, at=at, by=by, note=note)
            return
        referral.decided_at = at
        move(
            [referral], to=ReferralState.VOIDED, reason=Reason.STAFF_VOIDED, at=at, by=by, note=note, fields=["decided_at"]
        )


def _locked(referral_id: int, states: frozenset[ReferralState]) -> Referral:
    found = sql.for_update(Referral.objects.filter(pk=referral_id, state__in=states)).first()
    if found is None:
        raise CannotDecide
    return found
