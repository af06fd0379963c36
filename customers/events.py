"""Names of the events that the first floor records."""

from customers.ports.event_types import EventType, register

CUSTOMER_CREATED = "customer.created"
CUSTOMER_UPDATED = "customer.updated"
ORDER_PLACED = "order.placed"
ORDER_REFUNDED = "order.refunded"
SEGMENT_ENTERED = "segment.entered"
SEGMENT_LEFT = "segment.left"
CONSENT_GRANTED = "consent.granted"
CONSENT_WITHDRAWN = "consent.withdrawn"

CATALOGUE = [
    EventType(CUSTOMER_CREATED, "Customer created", "user-plus", {"source": "import, api, sign-up"}, "Became a customer"),
    EventType(
        CUSTOMER_UPDATED, "Customer updated", "user-pen", {"fields": "names of the changed fields"}, "Profile changed"
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
        },
        "Was refunded {number}",
    ),
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
]  # fmt: skip


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
