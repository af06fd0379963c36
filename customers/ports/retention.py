"""How long each kind of data is kept; every app registers its own kinds, staff set the days, a nightly job removes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Retention:
    """`expire(before, at, limit)` removes up to `limit` rows from before that moment, in one transaction, and returns how
    many: it is called until it returns fewer, and may be killed at any time. `count(before, ceiling)` says how many rows
    would go, counted up to the ceiling. No `default_days` means for ever; `stays` says what remains as sums.
    """

    key: str
    label: str
    default_days: int | None
    expire: Callable[[datetime, datetime, int], int]
    count: Callable[[datetime, int], int]
    stays: str = ""
    least_days: int = 1
    is_required: bool = False


registry: Registry[Retention] = Registry("retention", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
