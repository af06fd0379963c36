"""What metrics keeps from the timeline: which past days changed."""

from collections.abc import Sequence
from datetime import datetime

from config.kit.clock import local_day
from customers.models import Order, Refund
from customers.ports.subscribers import TimelineEvent, on
from customers.queries import brand
from metrics.actions import dirty
from metrics.enums import Family
from metrics.queries.truth import EVENTS

ORDERS = (Family.ORDERS, Family.LIFECYCLE)
FAMILIES = {
    "order.placed": ORDERS,
    "order.refunded": ORDERS,
    "survey.answered": (Family.SURVEYS,),
    "customer.created": (Family.CUSTOMERS,),
    **dict.fromkeys(EVENTS, (Family.TIMELINE,)),
}


@on(*FAMILIES)
def mark_late_events(events: Sequence[TimelineEvent], at: datetime) -> None:
    """An event of a day that is over asks for that day's facts again; most events are of today and cost nothing."""
    today = local_day(at, brand.current().timezone)
    late = [(event.local_day, family) for event in events if event.local_day < today for family in FAMILIES[event.name]]
    if late:
        dirty.mark(late, reason="events that came later", at=at)


@on("order.cancelled")
def mark_cancelled_orders(events: Sequence[TimelineEvent], at: datetime) -> None:
    """A cancelled order is taken out of the day it was placed on, and its refunds out of theirs."""
    named = {value for event in events if type(value := event.properties.get("order_id")) is int}
    orders = Order.objects.filter(id__among=sorted(named))
    days = [(day, family) for day in orders.values_list("local_day", flat=True) for family in ORDERS]
    refunds = Refund.objects.filter(order_id__among=sorted(named))
    days += [(day, Family.ORDERS) for day in refunds.values_list("local_day", flat=True)]
    if days:
        dirty.mark(days, reason="cancelled orders", at=at)
