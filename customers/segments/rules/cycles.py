"""Segments that ask about each other must not go round in a circle."""

from collections.abc import Mapping


def leads_back(segment_id: int, asks: frozenset[int], graph: Mapping[int, frozenset[int]]) -> bool:
    """Whether a segment that asks about `asks` would, along the others' rules in `graph`, ask about itself."""
    seen: set[int] = set()
    waiting = list(asks)
    while waiting:
        found = waiting.pop()
        if found == segment_id:
            return True
        if found not in seen:
            seen.add(found)
            waiting += graph.get(found, frozenset())
    return False
