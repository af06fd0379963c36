"""Names of the events that the loyalty programme records."""

from customers.ports.event_types import EventType, register

POINTS_EARNED = "loyalty.points_earned"
POINTS_REDEEMED = "loyalty.points_redeemed"
POINTS_REVERSED = "loyalty.points_reversed"
POINTS_EXPIRED = "loyalty.points_expired"
TIER_CHANGED = "loyalty.tier_changed"

POINTS = {"points": "how many", "reason": "why, in words", "entry_id": "id of the ledger entry"}

CATALOGUE = [
    EventType(POINTS_EARNED, "Points earned", "sparkles", POINTS, "Earned {points} points: {reason}"),
    EventType(POINTS_REDEEMED, "Points redeemed", "gift", POINTS, "Redeemed {points} points: {reason}"),
    EventType(POINTS_REVERSED, "Points taken back", "undo-2", POINTS, "Lost {points} points: {reason}"),
    EventType(POINTS_EXPIRED, "Points expired", "hourglass", POINTS, "{points} points expired"),
    EventType(
        TIER_CHANGED,
        "Tier changed",
        "award",
        {"tier": "name of the tier", "from": "name of the tier before, empty for none", "direction": "up or down"},
        "Moved {direction} to tier {tier}",
    ),
]


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
