"""Which happenings can change whether a customer is in a segment."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from customers.events import (
    CONSENT_GRANTED,
    CONSENT_WITHDRAWN,
    CUSTOMER_CREATED,
    CUSTOMER_UPDATED,
    ORDER_PLACED,
    ORDER_REFUNDED,
)
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    Group,
    InSegment,
    Leaf,
    MessageCount,
    Orders,
    SegmentMoved,
    Sequence,
    leaves,
)
from customers.stages.events import PERSONA_MOVED, STAGE_CHANGED, USAGE_CHANGED, USAGE_COUNTED

EVERYTHING = "*"
# Fields of the profile that are kept by rules, with what tells that they changed.
KEPT = {"stage": STAGE_CHANGED, "usage_level": USAGE_CHANGED, "persona": PERSONA_MOVED}
PROFILE = frozenset({CUSTOMER_CREATED, CUSTOMER_UPDATED})
ORDERS = frozenset({ORDER_PLACED, ORDER_REFUNDED})
SUBSCRIPTIONS = frozenset({"subscription.*"})
# Events that change the fields of each app; fields of apps that are not named here change by night only.
BY_APP = {
    "loyalty": frozenset({"loyalty.*"}),
    "referrals": frozenset({"referral.*"}),
    "surveys": frozenset({"survey.*"}),
    "campaigns": frozenset({"message.*", "journey.*"}),
    "subscription": SUBSCRIPTIONS,
    "stage": frozenset({STAGE_CHANGED, ORDER_PLACED, ORDER_REFUNDED}),
    "persona": frozenset({PERSONA_MOVED}),
    "usage": frozenset({USAGE_COUNTED}),
    "metrics": frozenset({"metrics:scored"}),
}
SEEN = ("event_count", "first_seen_at", "last_seen_at")


def segment_name(segment_id: int) -> str:
    """The name under which a change of membership touches the segments that ask about it."""
    return f"segment:{segment_id}"


def names(tree: Group) -> frozenset[str]:
    """Names (or patterns like `loyalty.*`) of the events that can change the answer; a new customer always can."""
    return frozenset({CUSTOMER_CREATED}).union(*(_of(leaf) for leaf in leaves(tree)))


def is_touched(wanted: Iterable[str], name: str) -> bool:
    """Whether an event's name is among the wanted names and patterns."""
    return any(fnmatchcase(name, pattern) for pattern in wanted)


def segments(tree: Group) -> frozenset[int]:
    """Ids of the segments that a tree asks about."""
    return frozenset(leaf.segment_id for leaf in leaves(tree) if isinstance(leaf, InSegment | SegmentMoved))


def fields(tree: Group) -> frozenset[str]:
    """Keys of the fields that a tree asks about."""
    return frozenset(leaf.field for leaf in leaves(tree) if isinstance(leaf, FieldIs))


def _of(leaf: Leaf) -> frozenset[str]:
    if isinstance(leaf, EventCount | EventMeasure | EventTime):
        return frozenset({leaf.name})
    if isinstance(leaf, Sequence):
        return frozenset(step.name for step in leaf.steps)
    if isinstance(leaf, MessageCount):
        return frozenset({leaf.counted.name})
    if isinstance(leaf, FieldIs):
        return _of_field(leaf.field)
    if isinstance(leaf, AttributeIs):
        return PROFILE
    if isinstance(leaf, Orders):
        return ORDERS
    if isinstance(leaf, ConsentIs):
        return frozenset({CONSENT_GRANTED, CONSENT_WITHDRAWN})
    if isinstance(leaf, InSegment | SegmentMoved):
        return frozenset({segment_name(leaf.segment_id)})
    return frozenset()


def _of_field(key: str) -> frozenset[str]:
    app, _, name = key.partition(".")
    if app != "customer":
        return BY_APP.get(app, frozenset())
    if name in KEPT:
        return PROFILE | {KEPT[name]}
    if name in ("plan", "renews_on"):
        return PROFILE | SUBSCRIPTIONS
    if name in SEEN:
        return frozenset({EVERYTHING})
    return ORDERS if "order" in name or name in ("revenue_minor", "refunded_minor") else PROFILE
