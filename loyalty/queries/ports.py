"""What the loyalty programme offers to the other apps: segment fields, message variables, a person's data."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from config.kit import tokens
from customers.ports.merge import MergeContext, MergeSource, Values, Variable
from loyalty.models import Account, Entry, Redemption, TierChange
from loyalty.queries import programme
from loyalty.queries.fields import FIELDS
from loyalty.queries.statement import metric_words
from loyalty.rules import tiers

__all__ = ["FIELDS", "MERGE", "MODELS", "PURPOSE", "VARIABLES", "export", "fetch", "link"]
PURPOSE = "loyalty"


def link(customer_id: int) -> str:
    """The address of a member's own page."""
    return settings.BASE_URL + reverse("loyalty:portal", args=[tokens.sign(PURPOSE, customer_id)])


VARIABLES = (
    Variable("points", "Points that can be spent now", "240"),
    Variable("points_words", "The same with the programme's word; empty for none", "1,240 points"),
    Variable("points_pending", "Points that are on their way", "38"),
    Variable("tier", "Name of the tier", "Evergreen"),
    Variable("tier_next", "Name of the next tier, empty at the top", "Oak"),
    Variable("points_to_next", "What is missing to the next tier: money in whole units, or points", "38"),
    Variable("to_next", "The same in words, with the currency or the programme's word", "£38"),
    Variable("link", "The member's own page", "https://shop.example.com/l/AAAAAAAA"),
)


def fetch(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """Message variables of many customers in two statements; who is no member has 0 points and the same link."""
    current = programme.current()
    levels, unit = programme.levels(), programme.metric_unit(current)
    rows = Account.objects.filter(customer_id__in=customer_ids).values_list(
        "customer_id", "active", "pending", "tier_id", "metric"
    )
    found = {row[0]: row[1:] for row in rows}
    values = {}
    for customer_id in customer_ids:
        active, pending, tier_id, metric = found.get(customer_id, (0, 0, None, 0))
        rank = tiers.position(levels, tier_id)
        after = levels[rank + 1] if rank + 1 < len(levels) else None
        missing = -(-max(after.threshold - metric, 0) // unit) if after else 0
        values[customer_id] = {
            "points": active,
            "points_words": f"{active:,} {current.points_name}" if active else "",
            "points_pending": pending,
            "tier": levels[rank].name if rank >= 0 else "",
            "tier_next": after.name if after else "",
            "points_to_next": missing,
            "to_next": metric_words(missing * unit, current) if missing else "",
            "link": link(customer_id),
        }
    return values


MERGE = MergeSource(PURPOSE, "Loyalty", VARIABLES, fetch)
MODELS = (Account,)


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """Everything the programme holds about a person."""
    mine = {"account__customer_id": customer_id}
    accounts = Account.objects.filter(customer_id=customer_id).values(
        "joined_at", "tier__name", "tier_since", "tier_until", "pending", "active", "earned", "spent", "expired", "deficit"
    )
    entries = Entry.objects.filter(**mine).order_by("id").values("occurred_at", "kind", "points", "expires_at", "note")
    stays = TierChange.objects.filter(**mine).order_by("id").values("tier__name", "since", "until", "cause")
    codes = (
        Redemption.objects.filter(**mine).order_by("id").values("code", "state", "issued_at", "expires_at", "reward__name")
    )
    return {
        "account": [dict(row) for row in accounts],
        "points": [dict(row) for row in entries],
        "tiers": [dict(row) for row in stays],
        "rewards": [dict(row) for row in codes],
    }
