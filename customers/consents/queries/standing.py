"""Where one customer stands: what they said per topic and channel, what they wish, and what blocks them."""

from dataclasses import dataclass
from datetime import datetime

from customers.enums import Channel
from customers.models import Consent, Customer, Topic
from customers.rules import addresses


@dataclass(frozen=True, slots=True)
class Cell:
    """One topic on one channel: "granted", "denied" or "" for never asked."""

    topic: Topic
    channel: str
    label: str
    state: str
    changed_at: datetime | None

    @property
    def key(self) -> str:
        """The name of this choice in forms: the topic for e-mail, with the channel for others."""
        return str(self.topic.pk) if self.channel == Channel.EMAIL else f"{self.topic.pk}:{self.channel}"


def offered(customer: Customer) -> list[Cell]:
    """Every topic that is offered, on the channels on which this customer can be reached."""
    said = {(row.topic_id, row.channel): row for row in Consent.objects.filter(customer=customer)}
    cells = []
    for topic in Topic.objects.filter(archived_at=None).order_by("position", "name"):
        for channel in Channel.values:
            row = said.get((topic.pk, channel))
            column = addresses.FIELDS.get(channel)
            if channel not in topic.channels and row is None:
                continue
            if column is not None and not getattr(customer, column):
                continue
            cells.append(
                Cell(topic, channel, str(Channel(channel).label), row.state if row else "", row.changed_at if row else None)
            )
    return cells
