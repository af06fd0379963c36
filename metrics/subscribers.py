"""What metrics keeps from the timeline: which past days changed."""

from collections.abc import Sequence
from datetime import datetime

from config.kit.clock import local_day
from customers.ports.subscribers import TimelineEvent, on
from customers.queries import brand
from metrics.actions import dirty
from metrics.enums import Family
from metrics.queries.truth import EVENTS

FAMILIES = {
    "order.placed": (Family.ORDERS, Family.LIFECYCLE),
    "order.refunded": (Family.ORDERS, Family.LIFECYCLE),
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
