"""What segments and journeys can ask about messages: the running counts that the timeline keeps."""

from functools import partial

from django.db.models import Model, QuerySet

from campaigns.events import MESSAGE_BOUNCED, MESSAGE_CLICKED, MESSAGE_COMPLAINED, MESSAGE_OPENED, MESSAGE_SENT
from customers.models import EventAggregate
from customers.ports.fields import Field, FieldType, register


def _rows(name: str) -> QuerySet[Model]:
    return EventAggregate.objects.filter(name=name)


def register_all() -> None:
    for key, label, name, value in [
        ("last_sent_at", "Last message sent", MESSAGE_SENT, "last_at"),
        ("last_opened_at", "Last message opened", MESSAGE_OPENED, "last_at"),
        ("last_clicked_at", "Last message clicked", MESSAGE_CLICKED, "last_at"),
        ("last_bounced_at", "Last message bounced", MESSAGE_BOUNCED, "last_at"),
        ("last_complained_at", "Last reported as spam", MESSAGE_COMPLAINED, "last_at"),
        ("sent_count", "Messages sent", MESSAGE_SENT, "count"),
        ("opened_count", "Messages opened", MESSAGE_OPENED, "count"),
        ("clicked_count", "Messages clicked", MESSAGE_CLICKED, "count"),
        ("bounced_count", "Messages bounced", MESSAGE_BOUNCED, "count"),
    ]:
        is_count = value == "count"
        register(
            Field(
                key=f"campaigns.{key}",
                label=label,
                group="Messages",
                type=FieldType.NUMBER if is_count else FieldType.DATETIME,
                rows=partial(_rows, name),
                customer="customer",
                value=value,
                missing=0 if is_count else None,
            )
        )
