"""Names of the events that referrals record, for the member and for the friend."""

from customers.ports.event_types import EventType, register
from referrals.enums import ReferralState

SHARED = "referral.shared"
CLAIMED = "referral.claimed"
SIGNED_UP = "referral.signed_up"
QUALIFIED = "referral.qualified"
APPROVED = "referral.approved"
REWARDED = "referral.rewarded"
VOIDED = "referral.voided"

OF_STATE = {
    ReferralState.CLAIMED: CLAIMED,
    ReferralState.SIGNED_UP: SIGNED_UP,
    ReferralState.QUALIFIED: QUALIFIED,
    ReferralState.APPROVED: APPROVED,
    ReferralState.REWARDED: REWARDED,
    ReferralState.VOIDED: VOIDED,
    ReferralState.REVERSED: VOIDED,
}
_PROPERTIES = {"referral_id": "id", "role": "advocate or friend", "reason": "why"}
CATALOGUE = [
    EventType(SHARED, "Shared the referral link", "share-2", {"medium": "copy, email, whatsapp or native"},
              "Shared the referral link by {medium}"),
    EventType(CLAIMED, "Referral claimed", "ticket", _PROPERTIES, "A friend claimed the offer"),
    EventType(SIGNED_UP, "Referred friend signed up", "user-plus", _PROPERTIES, "Referral: signed up ({role})"),
    EventType(QUALIFIED, "Referred friend ordered", "shopping-bag", _PROPERTIES, "Referral: first order ({role})"),
    EventType(APPROVED, "Referral approved", "badge-check", _PROPERTIES, "Referral approved ({role})"),
    EventType(REWARDED, "Referral rewarded", "gift", {**_PROPERTIES, "points": "given to this person"},
              "Referral rewarded ({role})"),
    EventType(VOIDED, "Referral voided", "circle-slash", _PROPERTIES, "Referral voided ({role})"),
]  # fmt: skip


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
