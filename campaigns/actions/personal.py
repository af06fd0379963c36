"""What happens to a person's messages on export, erasure and merge."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from campaigns.models import Engagement, Message, OutboxMail

SHOWN = (
    "id",
    "channel",
    "source_kind",
    "state",
    "reason",
    "planned_at",
    "sent_at",
    "opened_at",
    "clicked_at",
    "unsubscribed_at",
)


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """Messages and what the person did with them."""
    mine = Message.objects.filter(customer_id=customer_id)
    return {
        "messages": list(mine.order_by("id").values(*SHOWN, "content_version__subject")),
        "engagements": list(
            Engagement.objects.filter(message__in=mine)
            .order_by("id")
            .values("kind", "at", "visitor", "link__url", "user_agent")
        ),
    }


def erase(customer_id: int, at: datetime) -> None:
    """Bodies and traces of requests go; the bare rows stay for the sums and go with the customer row itself."""
    mine = Message.objects.filter(customer_id=customer_id)
    OutboxMail.objects.filter(message__in=mine).delete()
    Engagement.objects.filter(message__in=mine).update(user_agent="", address_hash="")
    mine.update(detail="")


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Messages move over; of two for one occasion the other customer's own stays."""
    same = Message.objects.filter(customer_id=into_id, occasion=OuterRef("occasion"))
    Message.objects.filter(Exists(same), customer_id=from_id).delete()
    Message.objects.filter(customer_id=from_id).update(customer_id=into_id)
