"""What differs between two definitions, line by line in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from customers.segments.queries.words import Line, outline
from customers.segments.rules.parse import BadDefinition


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the rules: `side` is "both", "first" or "second"; `depth` counts the groups around it."""

    side: str
    text: str
    depth: int


def compare(first: dict[str, Any], second: dict[str, Any]) -> list[Compared]:
    """The lines of two definitions against each other; one that cannot be read has no lines."""
    left, right = _lines(first), _lines(second)
    found = []
    for change, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if change == "equal":
            found += [Compared("both", text, depth) for text, depth in left[a:b]]
            continue
        found += [Compared("first", text, depth) for text, depth in left[a:b]]
        found += [Compared("second", text, depth) for text, depth in right[c:d]]
    return found


def _lines(definition: dict[str, Any]) -> list[tuple[str, int]]:
    try:
        return list(_flat(outline(definition), 0))
    except BadDefinition:
        return []


def _flat(line: Line, depth: int) -> Iterator[tuple[str, int]]:
    yield line.text, depth
    for rule in line.rules:
        yield from _flat(rule, depth + 1)
