"""What referrals do when something happens on the timeline."""

from collections.abc import Sequence
from datetime import datetime

from customers.ports.subscribers import TimelineEvent, on
from referrals.actions import follow


@on("customer.created", "customer.updated")
def recognise_friends(events: Sequence[TimelineEvent], at: datetime) -> None:
    """A new customer, or a new address, may be a friend who claimed an offer."""
    follow.link_friends([event.customer_id for event in events], at=at)


@on("order.placed")
def qualify_orders(events: Sequence[TimelineEvent], at: datetime) -> None:
    """The first order of a friend counts."""
    follow.qualify([event.customer_id for event in events], at=at)


@on("order.refunded")
def take_refunds_back(events: Sequence[TimelineEvent], at: datetime) -> None:
    """A refunded first order earns nothing."""
    named = [(event.customer_id, follow.named_order(event.properties)) for event in events]
    follow.take_back(
        [event.customer_id for event in events],
        order_ids=[order_id for _, order_id in named if order_id is not None],
        unclear=[customer_id for customer_id, order_id in named if order_id is None],
        at=at,
    )
