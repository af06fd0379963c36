"""Segments that nearly every company wants, made with one button."""

from datetime import datetime
from typing import Any

from customers.models import Customer, CustomerFacts, Segment, Topic
from customers.ports import fields
from customers.segments.actions import save

TOP_SHARE = 10


def install_ready_made(at: datetime, *, user_id: int | None = None) -> list[Segment]:
    """Create the ready-made segments that this company's data can fill and that are not there yet; returns the new ones.

    A segment counts as there when one of its name exists, whatever became of its rules. New ones are filled by the job
    that fills segments.
    """
    taken = set(Segment.objects.values_list("name", flat=True))
    return [
        save.rules(name=name, description=description, definition={"match": match, "rules": rules}, at=at, user_id=user_id,
                   is_ready_made=True)
        for name, description, match, rules in _wanted()
        if name not in taken
    ]  # fmt: skip


def _wanted() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    return [*_by_orders(), *_by_spend(), *_by_consent(), *_by_profile(), *_by_answers()]


def _field(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"type": "field", "field": name, "op": op} | ({} if value is None else {"value": value})


def _by_orders() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    last, count = "customer.last_order_at", "customer.order_count"
    return [
        ("New customers", "First order in the last 30 days", "all", [_field("customer.first_order_at", "in_last", 30)]),
        ("Active customers", "Ordered in the last 90 days", "all", [_field(last, "in_last", 90)]),
        (
            "At risk",
            "Bought at least twice, but nothing for 90 days",
            "all",
            [_field(count, "at_least", 2), _field(last, "more_ago", 90), _field(last, "in_last", 180)],
        ),
        ("Lapsed", "No order for 180 days", "all", [_field(last, "more_ago", 180)]),
        ("Repeat buyers", "Two orders or more", "all", [_field(count, "at_least", 2)]),
        ("One-time buyers", "Exactly one order so far", "all", [_field(count, "is", 1)]),
    ]


def _by_spend() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    """The limit is the spend that a tenth of the buyers reached on the day of the installation; it stays as it is then."""
    buyers = CustomerFacts.objects.filter(order_count__gt=0).order_by("-revenue_minor")
    total = buyers.count()
    if not total:
        return []
    limit = buyers.values_list("revenue_minor", flat=True)[max(total * TOP_SHARE // 100 - 1, 0)]
    return [("VIP", f"The top {TOP_SHARE} % by spend", "all", [_field("customer.revenue_minor", "at_least", limit)])]


def _by_consent() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    topic = Topic.objects.filter(slug="newsletter").first() or Topic.objects.filter(is_default=True).order_by("id").first()
    if topic is None:
        return []
    rule = {"type": "consent", "topic": topic.slug, "channel": "email", "state": "granted"}
    return [(f"{topic.name} subscribers", f"Agreed to {topic.name} by e-mail", "all", [rule])]


def _by_profile() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    found = []
    if Customer.objects.filter(born_on__isnull=False).exists():
        rule = _field("customer.born_on", "anniversary_next", 7)
        found.append(("Birthday this week", "Birthday today or in the next 7 days", "all", [rule]))
    if Customer.objects.filter(renews_on__isnull=False).exists():
        rule = _field("customer.renews_on", "in_next", 30)
        found.append(("Renewal due", "Renews in the next 30 days", "all", [rule]))
    return found


def _by_answers() -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    if not fields.has("surveys.last_nps"):
        return []
    return [
        ("Promoters", "Last NPS answer 9 or 10", "all", [_field("surveys.last_nps", "at_least", 9)]),
        ("Detractors", "Last NPS answer 0 to 6", "all", [_field("surveys.last_nps", "between", [0, 6])]),
    ]
