"""A definition once read: frozen, checked, ready to compile.

A `Test` compares one value of a known type; a leaf says where the value comes from; a `Group` joins rules.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from customers.ports.fields import FieldType


class Match(StrEnum):
    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Test:
    """`op` is a key of `operators.OPERATORS[type]`; `value` has the Python type that the operator takes."""

    __test__ = False

    type: FieldType
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Window:
    """Since when an event counts: the last `days`, or the local days `first` to `last` inclusive; all None is ever."""

    days: int | None = None
    first: date | None = None
    last: date | None = None

    @property
    def is_ever(self) -> bool:
        return self.days is None and self.first is None and self.last is None


EVER = Window()


@dataclass(frozen=True, slots=True)
class FieldIs:
    field: str
    test: Test


@dataclass(frozen=True, slots=True)
class AttributeIs:
    key: str
    test: Test


@dataclass(frozen=True, slots=True)
class PropertyIs:
    """A condition on a property of an event; `amount` means the event's amount in minor units."""

    property: str
    test: Test


@dataclass(frozen=True, slots=True)
class EventCount:
    """`op` is one of at_least, at_most, exactly; never is exactly 0."""

    name: str
    op: str
    count: int
    window: Window = EVER
    where: tuple[PropertyIs, ...] = ()


@dataclass(frozen=True, slots=True)
class EventTime:
    """The first or the last time of an event, compared like a date-time."""

    name: str
    is_first: bool
    test: Test


@dataclass(frozen=True, slots=True)
class Orders:
    """`measure` is count, total (minor units) or items of paid orders, perhaps only of one product or category."""

    measure: str
    test: Test
    window: Window = EVER
    product: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class ConsentIs:
    """`state` is granted, denied, or unasked (no answer on record)."""

    topic: str
    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class InSegment:
    segment_id: int
    is_in: bool = True


@dataclass(frozen=True, slots=True)
class RandomShare:
    """A stable share of all customers: `percent` of them by hash; another `salt` picks other people."""

    percent: int
    salt: str = ""


Leaf = FieldIs | AttributeIs | EventCount | EventTime | Orders | ConsentIs | InSegment | RandomShare


@dataclass(frozen=True, slots=True)
class Group:
    match: Match
    rules: tuple["Node", ...]


Node = Group | Leaf


def leaves(node: Node) -> list[Leaf]:
    """Every leaf of a tree, in order."""
    if isinstance(node, Group):
        return [leaf for rule in node.rules for leaf in leaves(rule)]
    return [node]
