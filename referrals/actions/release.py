"""When the return period is over: check, approve, pay. And when nobody ordered in time: let go."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from config.kit import sql
from referrals.actions import grants
from referrals.actions.move import move
from referrals.enums import OPEN, Reason, ReferralState
from referrals.models import FraudSignal, Referral
from referrals.rules import fraud
from referrals.rules.fraud import Case, Side, Verdict

LATE_EVENTS = timedelta(days=1)  # an order of the last minute may still be on its way


def release_due(*, at: datetime, limit: int = 200) -> int:
    """Take up to `limit` referrals each through the checks and to the reward; returns how many moved."""
    return expire_due(at=at, limit=limit) + check_due(at=at, limit=limit) + pay_approved(at=at, limit=limit)


def expire_due(*, at: datetime, limit: int) -> int:
    """Claims without an order in time."""
    with transaction.atomic():
        due = Referral.objects.filter(state__in=OPEN, expires_at__lt=at - LATE_EVENTS).order_by("expires_at")
        found = list(sql.for_update(due, skip_locked=True)[:limit])
        move(found, to=ReferralState.EXPIRED, reason=Reason.WINDOW_PASSED, at=at)
    return len(found)


def check_due(*, at: datetime, limit: int) -> int:
    """Referrals whose return period is over: approved, put before a person, or blocked."""
    with transaction.atomic():
        due = Referral.objects.filter(state=ReferralState.IN_HOLD, hold_until__lte=at).order_by("hold_until")
        related = due.select_related("programme", "code", "advocate", "friend")
        found = list(sql.for_update(related, skip_locked=True)[:limit])
        _judge(found, at)
    return len(found)


def _judge(referrals: list[Referral], at: datetime) -> None:
    outcomes: dict[Verdict, list[Referral]] = {verdict: [] for verdict in Verdict}
    signals: list[FraudSignal] = []
    for referral, case in zip(referrals, _cases(referrals), strict=True):
        found = fraud.signals(case)
        referral.score = min(sum(signal.score for signal in found), 100)
        referral.decided_at = at
        outcomes[fraud.verdict(referral.score)].append(referral)
        signals += [FraudSignal(referral=referral, kind=s.kind, score=s.score, evidence=s.evidence, at=at) for s in found]
    FraudSignal.objects.bulk_create(signals, ignore_conflicts=True)
    fields = ["score", "decided_at"]
    move(outcomes[Verdict.APPROVE], to=ReferralState.APPROVED, reason=Reason.CHECKS_PASSED, at=at, fields=fields)
    move(outcomes[Verdict.FLAG], to=ReferralState.FLAGGED, reason=Reason.SUSPICIOUS, at=at, fields=["score"])
    move(outcomes[Verdict.BLOCK], to=ReferralState.BLOCKED, reason=Reason.TOO_SUSPICIOUS, at=at, fields=fields)


def _cases(referrals: Sequence[Referral]) -> list[Case]:
    if not referrals:
        return []
    networks = _claims_by("network_hash", referrals)
    codes = _claims_by("code_id", referrals)
    return [
        Case(
            advocate=Side(
                r.advocate.name, r.advocate.email, r.code.owner_visitor_hash, r.code.owner_network_hash,
                r.code.owner_agent_hash,
            ),
            friend=Side(r.friend.name if r.friend else "", r.email, r.visitor_hash, r.network_hash, r.agent_hash),
            claimed_at=r.claimed_at,
            ordered_at=r.qualified_at,
            claims_from_network=_near(networks.get(r.network_hash, []), r.claimed_at, timedelta(days=1)),
            claims_on_code=_near(codes.get(r.code_id, []), r.claimed_at, timedelta(days=7)),
        )
        for r in referrals
    ]  # fmt: skip


def _claims_by(column: str, referrals: Sequence[Referral]) -> dict[object, list[datetime]]:
    """Moments of the claims that share a value with these, by value, within a week of the batch."""
    values = {getattr(r, column) for r in referrals} - {""}
    moments = [r.claimed_at for r in referrals]
    week = timedelta(days=7)
    rows = Referral.objects.filter(
        **{f"{column}__in": values}, claimed_at__range=(min(moments) - week, max(moments) + week)
    ).values_list(column, "claimed_at")
    found: dict[object, list[datetime]] = {}
    for value, moment in rows:
        found.setdefault(value, []).append(moment)
    return found


def _near(moments: Sequence[datetime], moment: datetime, span: timedelta) -> int:
    return sum(abs(other - moment) <= span for other in moments)


def pay_approved(*, at: datetime, limit: int) -> int:
    """Approved referrals get their rewards."""
    with transaction.atomic():
        approved = Referral.objects.filter(state=ReferralState.APPROVED, hold_until__lte=at).order_by("hold_until")
        found = list(sql.for_update(approved.select_related("programme"), skip_locked=True)[:limit])
        return grants.pay(found, at=at)
