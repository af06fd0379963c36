"""Segments that nearly every company wants, as definitions; which of them a company's data can fill is asked elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Rules = list[dict[str, Any]]
TOP_PERCENTILE = 91  # the top 10 % are the percentiles 91 to 100
LEVELS = ("none", "low", "medium", "high")
FIRST_ORDER, LAST_ORDER, ORDERS = "customer.first_order_at", "customer.last_order_at", "customer.order_count"
BUYING, VALUE, FEEDBACK, MESSAGES, LOYALTY, DATES, USAGE = (
    "Buying", "Value", "Feedback and referrals", "Messages and consent", "Loyalty", "Dates and renewals", "Product use",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """A segment to start from. `key` stays the same for good; `definition` is JSON as `docs/segments.md` describes it."""

    key: str
    name: str
    description: str
    group: str
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What recipes are made of besides words: topics (slug, name) and the groups of RFM (value, label)."""

    topics: Sequence[tuple[str, str]] = ()
    rfm_groups: Sequence[tuple[str, str]] = ()


def all_of(known: Known) -> list[Recipe]:
    """Every recipe, in the order of the gallery."""
    return [
        *_buying(),
        *_value(known.rfm_groups),
        *_feedback(),
        *_messages(known.topics),
        *_loyalty(),
        *_dates(),
        *_usage(),
    ]


def fields(definition: dict[str, Any]) -> set[str]:
    """Keys of the fields that a definition asks about."""
    return {str(item["field"]) for item in _parts(definition) if "field" in item}


def events(definition: dict[str, Any]) -> set[str]:
    """Names of the events that a definition asks about."""
    return {str(item["name"]) for item in _parts(definition) if "name" in item}


def _parts(raw: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield raw
    for part in [*raw.get("rules", ()), *raw.get("steps", ())]:
        yield from _parts(part)


def _all(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": list(rules)}


def _any(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "any", "rules": list(rules)}


def _field(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"type": "field", "field": name, "op": op} | ({} if value is None else {"value": value})


def _event(name: str, op: str, count: int, days: int, **where: str) -> dict[str, Any]:
    asked = [{"property": key, "as": "text", "op": "is", "value": value} for key, value in where.items()]
    rule: dict[str, Any] = {"type": "event", "name": name, "op": op, "count": count, "within": {"days": days}}
    return rule | ({"where": asked} if asked else {})


def _buying() -> list[Recipe]:
    at_risk = [_field(ORDERS, "at_least", 2), _field(LAST_ORDER, "more_ago", 90), _field(LAST_ORDER, "in_last", 180)]
    win_back = [_field(ORDERS, "at_least", 2), _field(LAST_ORDER, "more_ago", 180), _field(LAST_ORDER, "in_last", 730)]
    cart = {
        "type": "sequence",
        "steps": [{"name": "cart.item_added"}, {"name": "order.placed", "did": False, "within": {"days": 1}}],
        "within": {"days": 7},
        "op": "did",
    }
    return [
        Recipe("new", "New customers", "First order in the last 30 days", BUYING,
               _all(_field(FIRST_ORDER, "in_last", 30))),
        Recipe("active", "Active customers", "Ordered in the last 90 days", BUYING,
               _all(_field(LAST_ORDER, "in_last", 90))),
        Recipe("repeat", "Repeat buyers", "Two orders or more", BUYING, _all(_field(ORDERS, "at_least", 2))),
        Recipe("one-time", "One-time buyers", "Exactly one order so far", BUYING, _all(_field(ORDERS, "is", 1))),
        Recipe("never-ordered", "Never ordered", "Known to you, but without an order so far", BUYING,
               _all(_field(ORDERS, "is", 0))),
        Recipe("at-risk", "At risk", "Bought at least twice, but nothing for 90 days", BUYING, _all(*at_risk)),
        Recipe("lapsed", "Lapsed", "No order for 180 days", BUYING, _all(_field(LAST_ORDER, "more_ago", 180))),
        Recipe("win-back", "Win-back candidates",
               "Bought at least twice and stayed away for 180 days, but no longer than two years", BUYING, _all(*win_back)),
        Recipe("abandoned-cart", "Abandoned cart",
               "Put something into the cart in the last 7 days and did not order within a day", BUYING, _all(cart)),
    ]  # fmt: skip


def _value(groups: Sequence[tuple[str, str]]) -> list[Recipe]:
    top = _field("metrics.spend_percentile", "at_least", TOP_PERCENTILE)
    vip = "The top 10 % of all buyers by what they have spent; counted anew every night, so who is overtaken leaves"
    return [
        Recipe("vip", "VIP", vip, VALUE, _all(top)),
        *(
            Recipe(f"rfm-{value}", f"RFM: {label}", f"Group {label} by how recently, how often and for how much they buy",
                   VALUE, _all(_field("metrics.rfm", "is", value)))
            for value, label in groups
        ),
    ]  # fmt: skip


def _feedback() -> list[Recipe]:
    score = "surveys.last_nps"
    promoter = _field(score, "at_least", 9)
    return [
        Recipe("promoters", "Promoters", "Last NPS answer 9 or 10", FEEDBACK, _all(promoter)),
        Recipe("passives", "Passives", "Last NPS answer 7 or 8", FEEDBACK, _all(_field(score, "between", [7, 8]))),
        Recipe("detractors", "Detractors", "Last NPS answer 0 to 6", FEEDBACK, _all(_field(score, "between", [0, 6]))),
        Recipe("advocates", "Advocates", "Promoters who have brought at least one friend", FEEDBACK,
               _all(promoter, _field("referrals.joined_count", "at_least", 1))),
    ]  # fmt: skip


def _messages(topics: Sequence[tuple[str, str]]) -> list[Recipe]:
    sent, clicked = "message.sent", "message.clicked"
    unengaged = [
        _event(sent, "at_least", 5, 90, channel="email"),
        {"match": "none", "rules": [_event(clicked, "at_least", 1, 90, channel="email")]},
    ]
    return [
        *(
            Recipe(f"topic-{slug}", f"{name} subscribers", f"Agreed to {name} by e-mail", MESSAGES,
                   _all({"type": "consent", "topic": slug, "channel": "email", "state": "granted"}))
            for slug, name in topics
        ),
        Recipe("engaged", "Engaged by e-mail", "Clicked in an e-mail in the last 90 days", MESSAGES,
               _all(_event(clicked, "at_least", 1, 90, channel="email"))),
        Recipe("unengaged", "Not engaged by e-mail", "Got five e-mails or more in the last 90 days and clicked in none",
               MESSAGES, _all(*unengaged)),
    ]  # fmt: skip


def _loyalty() -> list[Recipe]:
    unspent = [
        _field("loyalty.rewards_in_reach", "at_least", 1),
        {"match": "none", "rules": [_event("loyalty.points_redeemed", "at_least", 1, 180)]},
    ]
    return [
        Recipe("near-next-tier", "Close to the next tier", "At least 80 % of the way to the next tier", LOYALTY,
               _all(_field("loyalty.next_tier_percent", "at_least", 80))),
        Recipe("points-unspent", "Points unspent", "Enough points for a reward, but none redeemed for 180 days", LOYALTY,
               _all(*unspent)),
        Recipe("points-expiring", "Points about to end", "Points that end in the next 30 days", LOYALTY,
               _all(_field("loyalty.points_end_at", "in_next", 30))),
    ]  # fmt: skip


def _dates() -> list[Recipe]:
    renews = "customer.renews_on"
    return [
        Recipe("birthday", "Birthday this week", "Birthday today or in the next 7 days", DATES,
               _all(_field("customer.born_on", "anniversary_next", 7))),
        Recipe("renewal-30", "Renewal due", "Renews in the next 30 days", DATES, _all(_field(renews, "in_next", 30))),
        Recipe("renewal-60", "Renewal in 60 days", "Renews in the next 60 days", DATES,
               _all(_field(renews, "in_next", 60))),
        Recipe("renewal-90", "Renewal in 90 days", "Renews in the next 90 days", DATES,
               _all(_field(renews, "in_next", 90))),
        Recipe("trial-ending", "Trial ending", "A trial that ends in the next 7 days", DATES,
               _all(_field("subscription.trial_ends_on", "in_next", 7))),
    ]  # fmt: skip


def _usage() -> list[Recipe]:
    steps = [(low, high) for index, low in enumerate(LEVELS) for high in LEVELS[index + 1 :]]
    grown = [_event("customer.usage_changed", "at_least", 1, 30, before=low, after=high) for low, high in steps]
    shrunk = [_event("customer.usage_changed", "at_least", 1, 30, before=high, after=low) for low, high in steps]
    return [
        Recipe("usage-growing", "Using more", "Reached a higher level of product use in the last 30 days", USAGE,
               _any(*grown)),
        Recipe("usage-shrinking", "Using less", "Fell to a lower level of product use in the last 30 days", USAGE,
               _any(*shrunk)),
    ]  # fmt: skip
