"""Rows of files that belong to another app: it registers who takes them. A kind nobody takes is not offered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """Points that a customer brings along. `key` names the take-over: each customer gets one balance per key."""

    customer_id: int
    points: int
    key: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Taker:
    """`take(balances, at)` runs in the caller's transaction and says of each, in order, what became of it.

    CREATED, UNCHANGED (given before, the same), or a reason in words that goes behind the cell.
    """

    kind: str
    take: Callable[[Sequence[OpeningBalance], datetime], list[str]]


CREATED, UNCHANGED = "created", "unchanged"
registry: Registry[Taker] = Registry("import_kinds", key=lambda item: item.kind)
register, get, has = registry.register, registry.get, registry.has
