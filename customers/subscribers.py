"""What the first floor itself keeps from the timeline: facts and counts per customer."""

from collections.abc import Sequence
from datetime import datetime

from config.kit import sql
from customers.models import CustomerFacts, EventAggregate
from customers.ports.subscribers import EVERY, TimelineEvent, on

PASSIVE = ("customer.", "consent.", "message.", "segment.", "loyalty.", "referral.", "survey.", "journey.", "subscription.")


@on(EVERY)
def keep_aggregates(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Count, first and last time per customer and event name."""
    totals: dict[tuple[int, str], list[object]] = {}
    for event in events:
        found = totals.get((event.customer_id, event.name))
        if found is None:
            totals[event.customer_id, event.name] = [1, event.occurred_at, event.occurred_at]
        else:
            found[0] += 1  # type: ignore[operator]
            found[1] = min(found[1], event.occurred_at)  # type: ignore[call-overload]
            found[2] = max(found[2], event.occurred_at)  # type: ignore[call-overload]
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
    totals: dict[int, dict[str, object]] = {}
    for event in events:
        facts = totals.setdefault(event.customer_id, dict.fromkeys(_FACTS, 0) | dict.fromkeys(_MOMENTS))
        facts["event_count"] += 1  # type: ignore[operator]
        if event.name == "order.placed":
            facts["order_count"] += 1  # type: ignore[operator]
            facts["revenue_minor"] += event.amount_minor or 0  # type: ignore[operator]
            _widen(facts, "first_order_at", "last_order_at", event.occurred_at)
        elif event.name == "order.refunded":
            facts["refunded_minor"] += event.amount_minor or 0  # type: ignore[operator]
            facts["order_count"] -= 1 if event.properties.get("in_full") else 0  # type: ignore[operator]
        if not event.name.startswith(PASSIVE) or event.name in ACTIVE:
            _widen(facts, "first_seen_at", "last_seen_at", event.occurred_at)
    names = [*_FACTS, *_MOMENTS]
    sql.add_up(
        CustomerFacts,
        key=["customer"],
        add=_FACTS,
        least=[_MOMENTS[0], _MOMENTS[1]],
        greatest=[_MOMENTS[2], _MOMENTS[3]],
        rows=[(customer_id, *(facts[name] for name in names)) for customer_id, facts in totals.items()],
    )


ACTIVE = frozenset({"message.clicked", "survey.answered", "referral.shared", "loyalty.points_redeemed"})
_FACTS = ["event_count", "order_count", "revenue_minor", "refunded_minor"]
_MOMENTS = ["first_order_at", "first_seen_at", "last_order_at", "last_seen_at"]


def _widen(facts: dict[str, object], first: str, last: str, moment: datetime) -> None:
    facts[first] = min(facts[first] or moment, moment)  # type: ignore[call-overload]
    facts[last] = max(facts[last] or moment, moment)  # type: ignore[call-overload]
