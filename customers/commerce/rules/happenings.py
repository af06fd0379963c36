"""What a change of a subscription is called on the timeline."""

from dataclasses import dataclass
from datetime import date, datetime

from customers import events
from customers.commerce.rules.mrr import ENDED, PAUSED, RUNNING


@dataclass(frozen=True, slots=True)
class Seen:
    """What a customer would notice of a state."""

    status: str
    plan: str
    quantity: int
    mrr_minor: int
    renews_on: date | None
    cancel_at: datetime | None
    is_renewal: bool = False


def named(before: Seen | None, now: Seen) -> str:
    """The event of a change, given the state before it; empty when nothing happened that anybody would notice."""
    if now.status == ENDED:
        return events.SUBSCRIPTION_ENDED if before is None or before.status != ENDED else ""
    if now.status == PAUSED:
        return events.SUBSCRIPTION_PAUSED if before is None or before.status != PAUSED else ""
    if before is None:
        return events.SUBSCRIPTION_STARTED
    if before.status not in RUNNING:
        return events.SUBSCRIPTION_REACTIVATED
    if now.is_renewal:
        return events.SUBSCRIPTION_RENEWED
    if now.cancel_at is not None and before.cancel_at is None:
        return events.SUBSCRIPTION_CANCEL_SCHEDULED
    same = ("status", "plan", "quantity", "mrr_minor", "renews_on", "cancel_at")
    return "" if all(getattr(before, name) == getattr(now, name) for name in same) else events.SUBSCRIPTION_CHANGED
