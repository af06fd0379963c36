"""What the first floor itself keeps from the timeline: facts and counts per customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.kit import sql
from customers.models import CustomerFacts, EventAggregate
from customers.ports.subscribers import EVERY, TimelineEvent, on

PASSIVE = ("customer.", "consent.", "message.", "segment.", "loyalty.", "referral.", "survey.", "journey.", "subscription.")


@on(EVERY)
def keep_aggregates(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Count, first and last time per customer and event name."""
    totals: dict[tuple[int, str], list[Any]] = {}
    for event in events:
        key, moment = (event.customer_id, event.name), event.occurred_at
        found = totals.get(key)
        if found is None:
            totals[key] = [1, moment, moment]
            continue
        found[0] += 1
        if moment < found[1]:
            found[1] = moment
        elif moment > found[2]:
            found[2] = moment
    sql.add_up(
        EventAggregate,
        key=["customer", "name"],
        add=["count"],
        least=["first_at"],
        greatest=["last_at"],
        rows=[(*key, *value) for key, value in totals.items()],
    )


@on(EVERY)
def keep_facts(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Orders, revenue, refunds, first and last activity per customer.

    Seen is what the customer did: what Perennial itself records about them (messages sent, points booked) is no visit.
    """
    visits = {name for name in {event.name for event in events} if name in ACTIVE or not name.startswith(PASSIVE)}
    totals: dict[int, list[Any]] = {}
    for event in events:
        facts = totals.get(event.customer_id)
        if facts is None:
            facts = totals[event.customer_id] = [event.customer_id, 0, 0, 0, 0, None, None, None, None]
        facts[EVENTS] += 1
        name = event.name
        if name == "order.placed":
            facts[ORDERS] += 1
            facts[REVENUE] += event.amount_minor or 0
            _widen(facts, FIRST_ORDER, LAST_ORDER, event.occurred_at)
        elif name == "order.refunded":
            facts[REFUNDED] += event.amount_minor or 0
            facts[ORDERS] -= 1 if event.properties.get("in_full") else 0
        if name in visits:
            _widen(facts, FIRST_SEEN, LAST_SEEN, event.occurred_at)
    sql.add_up(
        CustomerFacts,
        key=["customer"],
        add=["event_count", "order_count", "revenue_minor", "refunded_minor"],
        least=["first_order_at", "first_seen_at"],
        greatest=["last_order_at", "last_seen_at"],
        rows=list(totals.values()),
    )


ACTIVE = frozenset({"message.clicked", "survey.answered", "referral.shared", "loyalty.points_redeemed"})
# Places in the row of one customer; the customer's id stands before them.
EVENTS, ORDERS, REVENUE, REFUNDED, FIRST_ORDER, FIRST_SEEN, LAST_ORDER, LAST_SEEN = range(1, 9)


def _widen(facts: list[Any], first: int, last: int, moment: datetime) -> None:
    if facts[first] is None:
        facts[first] = facts[last] = moment
    elif moment < facts[first]:
        facts[first] = moment
    elif moment > facts[last]:
        facts[last] = moment
