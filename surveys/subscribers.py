"""What surveys do when something happens on the timeline."""

from collections.abc import Sequence
from datetime import datetime

from customers.ports.subscribers import TimelineEvent, on
from surveys.actions import invite


@on("message.sent")
def note_sent_invitations(events: Sequence[TimelineEvent], at: datetime) -> None:
    """A message that carried a survey link was sent: the invitation was sent with it."""
    sent = {(_reference(event), event.customer_id): event.occurred_at for event in events}
    invite.mark_sent(sent, at=at)


def _reference(event: TimelineEvent) -> str:
    return f"{event.properties.get('source_kind', '')}:{event.properties.get('source_id', '')}"[:80]
