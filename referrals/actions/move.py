"""Moving referrals from state to state: the only place that does, so that each step has its row and its reason."""

from collections.abc import Sequence
from datetime import datetime

from customers.actions import timeline
from referrals import events
from referrals.enums import Reason, ReferralState, Role
from referrals.models import Referral, StateChange


def move(
    referrals: Sequence[Referral],
    *,
    to: ReferralState,
    reason: Reason,
    at: datetime,
    by: int | None = None,
    note: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Set the state of these (locked) referrals, keep the step, and tell the timeline.

    `fields` are further columns that the caller has set on them. Runs in the caller's transaction.
    """
    if not referrals:
        return
    changes = [
        StateChange(referral=r, from_state=r.state, to_state=to, reason=reason, note=note, by_id=by, at=at)
        for r in referrals
    ]
    for referral in referrals:
        referral.state, referral.reason, referral.changed_at = to, reason, at
    Referral.objects.bulk_update(referrals, ["state", "reason", "changed_at", *fields], batch_size=500)
    StateChange.objects.bulk_create(changes, batch_size=1000)
    tell(changes, at=at)


def tell(changes: Sequence[StateChange], *, at: datetime) -> None:
    """Record the events of these steps, for the member and, once known, for the friend."""
    new = []
    for change in changes:
        name = events.OF_STATE.get(ReferralState(change.to_state))
        if name is None:
            continue
        referral = change.referral
        for role, customer_id in ((Role.ADVOCATE, referral.advocate_id), (Role.FRIEND, referral.friend_id)):
            if customer_id is not None:
                new.append(_event(name, change, role, customer_id))
    timeline.record_many(new, at=at)


def _event(name: str, change: StateChange, role: Role, customer_id: int) -> timeline.NewEvent:
    properties: dict[str, object] = {"referral_id": change.referral_id, "role": str(role), "reason": str(change.reason)}
    if name == events.REWARDED:
        referral = change.referral
        properties["points"] = referral.advocate_points if role == Role.ADVOCATE else referral.friend_points
    return timeline.NewEvent(
        customer_id=customer_id,
        name=name,
        occurred_at=change.at,
        key=timeline.event_key("referrals", "change", change.pk, role),
        source="referrals",
        properties=properties,
    )
