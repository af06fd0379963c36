"""What the loyalty programme does when something happens on the timeline."""

from collections.abc import Sequence
from datetime import datetime

from customers.events import ORDER_PLACED, ORDER_REFUNDED
from customers.ports.subscribers import TimelineEvent, on
from loyalty.actions import orders


@on(ORDER_PLACED, ORDER_REFUNDED)
def book_orders(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Orders earn points, refunds take them back."""
    orders.book_orders(events, at)
