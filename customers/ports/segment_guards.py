"""Who may object to the rules of a segment: whatever is computed from segments must not be asked about by them."""

from collections.abc import Callable
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of a segment ask about: keys of fields, ids of other segments."""

    fields: frozenset[str]
    segments: frozenset[int]


@dataclass(frozen=True, slots=True)
class Guard:
    """`object(segment_id, asked, graph)` gives a sentence when the segment must not have these rules, else "".

    `graph` is what every other segment asks about.
    """

    key: str
    object: Callable[[int, Asked, dict[int, Asked]], str]


registry: Registry[Guard] = Registry("segment_guards", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
