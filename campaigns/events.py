"""Names of the events that messages record on the timeline."""

from customers.ports.event_types import EventType, register

MESSAGE_SENT = "message.sent"
MESSAGE_DELIVERED = "message.delivered"
MESSAGE_OPENED = "message.opened"
MESSAGE_CLICKED = "message.clicked"
MESSAGE_BOUNCED = "message.bounced"
MESSAGE_COMPLAINED = "message.complained"
MESSAGE_UNSUBSCRIBED = "message.unsubscribed"

PROPERTIES = {
    "message_id": "id of the message row",
    "source_kind": "campaign, journey or transactional",
    "source_id": "id of the campaign or journey",
    "channel": "channel",
    "name": "subject as written, or name of the campaign",
}
CATALOGUE = [
    EventType(MESSAGE_SENT, "Message sent", "send", PROPERTIES, "Was sent “{name}”"),
    EventType(MESSAGE_DELIVERED, "Message delivered", "mail-check", PROPERTIES, "Got “{name}”"),
    EventType(MESSAGE_OPENED, "Message opened", "mail-open", PROPERTIES, "Opened “{name}”"),
    EventType(
        MESSAGE_CLICKED, "Message clicked", "mouse-pointer-click", {**PROPERTIES, "url": "address of the link"},
        "Clicked in “{name}”",
    ),
    EventType(MESSAGE_BOUNCED, "Message bounced", "mail-x", PROPERTIES, "“{name}” bounced"),
    EventType(MESSAGE_COMPLAINED, "Reported as spam", "shield-alert", PROPERTIES, "Reported “{name}” as spam"),
    EventType(MESSAGE_UNSUBSCRIBED, "Unsubscribed by a message", "bell-off", PROPERTIES, "Unsubscribed through “{name}”"),
]  # fmt: skip


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
