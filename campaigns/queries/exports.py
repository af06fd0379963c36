"""Messages as a list that can be taken out."""

from collections.abc import Iterator

from campaigns.models import Message
from customers.exports.queries.keyset import plain, within
from customers.ports.exports import Criteria, Export, Row, register


def messages(criteria: Criteria) -> Iterator[Row]:
    """One row per message: to whom, what became of it, when."""
    fields = ("customer__external_id", "customer__email", "channel", "source_kind", "source_id", "topic__slug", "state",
              "reason", "planned_at", "sent_at", "delivered_at", "opened_at", "clicked_at", "unsubscribed_at")  # fmt: skip
    header = ("customer_id", "email", "channel", "sent_by", "sender_id", "topic", *fields[6:])
    return plain(within(Message.objects.all(), "planned_at", criteria), fields, header)


def register_all() -> None:
    register(Export("messages", "Messages", "What was sent to whom, and what they did with it.", "mail", messages,
                    ("customers.view_customer", "campaigns.view_message"), 65,
                    dated="By the day on which they were planned."))  # fmt: skip
