"""Equal questions in one shape, so that the compiler meets fewer of them.

Nested groups of the same kind are flattened, single-rule groups unwrapped, repeated rules dropped, a group "none" becomes
negated parts of the group around it. The meaning never changes.
"""

from dataclasses import dataclass

from customers.segments.rules.tree import Group, Leaf, Match, Node


@dataclass(frozen=True, slots=True)
class All:
    """In every set of `wanted` and in no set of `unwanted`; nothing wanted means everybody."""

    wanted: tuple["Shape", ...]
    unwanted: tuple["Shape", ...] = ()


@dataclass(frozen=True, slots=True)
class Any_:
    """In at least one of the sets."""

    shapes: tuple["Shape", ...]


Shape = All | Any_ | Leaf


def normalise(node: Node) -> Shape:
    """The shape of a tree."""
    if not isinstance(node, Group):
        return node
    parts = tuple(dict.fromkeys(normalise(rule) for rule in node.rules))
    if node.match is Match.NONE:
        return All((), tuple(dict.fromkeys(_opened(parts))))
    if node.match is Match.ANY:
        opened = tuple(dict.fromkeys(_opened(parts)))
        return opened[0] if len(opened) == 1 else Any_(opened)
    return _joined(parts)


def _opened(parts: tuple[Shape, ...]) -> list[Shape]:
    return [shape for part in parts for shape in (part.shapes if isinstance(part, Any_) else (part,))]


def _joined(parts: tuple[Shape, ...]) -> Shape:
    wanted: list[Shape] = []
    unwanted: list[Shape] = []
    for part in parts:
        if isinstance(part, All):
            wanted += part.wanted
            unwanted += part.unwanted
        else:
            wanted.append(part)
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    return All(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))
