"""Giving points as something that journeys, bulk actions and other apps can do to a set of customers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers.ports.effects import Effect
from loyalty.actions import points
from loyalty.forms import GivePointsForm


def apply(customer_ids: Sequence[int], params: dict[str, Any], key: str, at: datetime) -> int:
    """Give `params["points"]` for `params["reason"]`; a customer gets them once per `key`."""
    return points.give(
        customer_ids, points=int(params["points"]), reason=str(params.get("reason", "")), key=_key(key), at=at
    )


def reverse(customer_ids: Sequence[int], params: dict[str, Any], key: str, at: datetime) -> int:
    """Take back what `apply` gave under `key`."""
    return points.take_back(customer_ids, key=_key(key), reason=str(params.get("reason", "")), at=at)


def _key(key: str) -> str:
    return f"effect:{key}"[:150]


GIVE_POINTS = Effect("loyalty.give_points", "Give points", "sparkles", GivePointsForm, apply, reverse)
