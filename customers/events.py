"""Names of the events that the first floor records."""

from customers.ports.event_types import EventType, register

CUSTOMER_CREATED = "customer.created"
CUSTOMER_UPDATED = "customer.updated"
CUSTOMER_MERGED = "customer.merged"
CUSTOMER_UNMERGED = "customer.unmerged"
ORDER_PLACED = "order.placed"
ORDER_REFUNDED = "order.refunded"
ORDER_CANCELLED = "order.cancelled"
SUBSCRIPTION_STARTED = "subscription.started"
SUBSCRIPTION_CHANGED = "subscription.changed"
SUBSCRIPTION_RENEWED = "subscription.renewed"
SUBSCRIPTION_CANCEL_SCHEDULED = "subscription.cancel_scheduled"
SUBSCRIPTION_PAUSED = "subscription.paused"
SUBSCRIPTION_ENDED = "subscription.ended"
SUBSCRIPTION_REACTIVATED = "subscription.reactivated"
SEGMENT_ENTERED = "segment.entered"
SEGMENT_LEFT = "segment.left"
CONSENT_GRANTED = "consent.granted"
CONSENT_WITHDRAWN = "consent.withdrawn"
PREFERENCE_CHANGED = "preference.changed"

_SUBSCRIPTION = {
    "subscription_id": "id of the subscription row",
    "reference": "reference of the subscription",
    "plan": "plan",
    "status": "trialing, active, past_due, paused or ended",
    "quantity": "quantity",
    "mrr_minor": "price of a month in minor units of the account's currency",
    "mrr_before": "the same before the change, absent at the start",
    "plan_before": "plan before the change, absent at the start",
    "renews_on": "day of the next renewal, when known",
    "cancel_at": "moment at which it is going to end, when cancelled",
    "reason": "why it ended or paused, when known",
}
CATALOGUE = [
    EventType(CUSTOMER_CREATED, "Customer created", "user-plus", {"source": "import, api, sign-up"}, "Became a customer"),
    EventType(
        CUSTOMER_UPDATED, "Customer updated", "user-pen", {"fields": "names of the changed fields"}, "Profile changed"
    ),
    EventType(
        CUSTOMER_MERGED, "Customers merged", "merge", {"number": "number of the merged customer", "source": "staff, alias"},
        "Customer {number} was merged into this one",
    ),
    EventType(
        CUSTOMER_UNMERGED, "Merge undone", "split", {"number": "number of the merged customer", "source": "staff, alias"},
        "Customer {number} is on their own again",
    ),
    EventType(
        ORDER_PLACED,
        "Order placed",
        "shopping-bag",
        {"order_id": "id of the order row", "number": "order number", "lines": "number of lines"},
        "Placed order {number}",
    ),
    EventType(
        ORDER_REFUNDED,
        "Order refunded",
        "undo-2",
        {
            "refund_id": "id of the refund row",
            "number": "refund number",
            "order_id": "id of the order row, absent when unknown",
            "in_full": "whether the order is now refunded in full",
            "reason": "cancelled, when it was given back because the order was cancelled",
        },
        "Was refunded {number}",
    ),
    EventType(
        ORDER_CANCELLED,
        "Order cancelled",
        "circle-x",
        {
            "order_id": "id of the order row",
            "number": "order number",
            "placed_on": "day on which it had been placed",
            "cancelled_on": "day",
        },
        "Order {number} was cancelled",
    ),
    EventType(SUBSCRIPTION_STARTED, "Subscription started", "repeat", _SUBSCRIPTION, "Subscribed to {plan}"),
    EventType(SUBSCRIPTION_CHANGED, "Subscription changed", "replace", _SUBSCRIPTION, "Changed the subscription to {plan}"),
    EventType(SUBSCRIPTION_RENEWED, "Subscription renewed", "refresh-cw", _SUBSCRIPTION, "Renewed {plan}"),
    EventType(
        SUBSCRIPTION_CANCEL_SCHEDULED, "Subscription cancelled for later", "calendar-x", _SUBSCRIPTION,
        "Cancelled {plan}, which runs until {cancel_at}",
    ),
    EventType(SUBSCRIPTION_PAUSED, "Subscription paused", "circle-pause", _SUBSCRIPTION, "Paused {plan}"),
    EventType(SUBSCRIPTION_ENDED, "Subscription ended", "circle-stop", _SUBSCRIPTION, "{plan} ended"),
    EventType(SUBSCRIPTION_REACTIVATED, "Subscription taken up again", "rotate-ccw", _SUBSCRIPTION, "Came back to {plan}"),
    EventType(SEGMENT_ENTERED, "Entered a segment", "log-in", {"segment_id": "id", "segment": "name"}, "Entered {segment}"),
    EventType(SEGMENT_LEFT, "Left a segment", "log-out", {"segment_id": "id", "segment": "name"}, "Left {segment}"),
    EventType(
        CONSENT_GRANTED, "Consent given", "mail-check", {"topic": "short name", "channel": "channel", "source": "where"},
        "Subscribed to {topic}",
    ),
    EventType(
        CONSENT_WITHDRAWN, "Consent withdrawn", "mail-x", {"topic": "short name", "channel": "channel", "source": "where"},
        "Unsubscribed from {topic}",
    ),
    EventType(
        PREFERENCE_CHANGED,
        "Preferences changed",
        "sliders-horizontal",
        {
            "fields": "what changed: pause, frequency, tracking",
            "paused_until": "no marketing before this moment, empty without a pause",
            "weekly_limit": "messages a week at most, absent without a wish",
            "is_tracked": "whether opens and clicks are counted",
            "source": "preferences, staff",
        },
        "Changed how we may write: {fields}",
    ),
]  # fmt: skip


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
