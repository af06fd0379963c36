"""Where a segment is used: apps that build on segments say so, and a segment in use cannot be deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that builds on a segment: "Campaign", its name, its page. `is_live`: it is running now."""

    kind: str
    name: str
    url: str
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class SegmentUses:
    """`find(segment_ids)` gives the uses by segment id, for all of them in a fixed number of queries."""

    key: str
    find: Callable[[Sequence[int]], dict[int, list[Use]]]


registry: Registry[SegmentUses] = Registry("segment_uses", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
