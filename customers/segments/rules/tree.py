"""A definition once read: frozen, checked, ready to compile.

A `Test` compares one value of a known type; a leaf says where the value comes from; a `Group` joins rules.
"""

from dataclasses import dataclass
from datetime import date, timedelta
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
    """Since when an event counts: the last `days` or `hours`, or the local days `first` to `last`; all None is ever."""

    days: int | None = None
    first: date | None = None
    last: date | None = None
    hours: int | None = None

    @property
    def span(self) -> timedelta | None:
        """The length of a window that moves with time; None for fixed days and for ever."""
        if self.hours is not None:
            return timedelta(hours=self.hours)
        return None if self.days is None else timedelta(days=self.days)

    @property
    def is_ever(self) -> bool:
        return self.span is None and self.first is None and self.last is None


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
    """`op` is one of at_least, at_most, exactly, between (`count` to `most`); never is exactly 0."""

    name: str
    op: str
    count: int
    window: Window = EVER
    where: tuple[PropertyIs, ...] = ()
    most: int | None = None


@dataclass(frozen=True, slots=True)
class EventTime:
    """The first or the last time of an event, compared like a date-time."""

    name: str
    is_first: bool
    test: Test


@dataclass(frozen=True, slots=True)
class EventMeasure:
    """A figure of the events of one name: sum, avg, min, max or distinct of a property, or the number of local days.

    `property` is `amount` (minor units) or a key of the properties; empty for days.
    """

    name: str
    measure: str
    property: str
    test: Test
    window: Window = EVER
    where: tuple[PropertyIs, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a sequence, at most `minutes` after the step before; `did` False asks that it did not happen."""

    name: str
    where: tuple[PropertyIs, ...] = ()
    did: bool = True
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps one after the other, the first one in the window, all with the same text in the property `join` if given."""

    steps: tuple[Step, ...]
    join: str = ""
    window: Window = EVER
    did: bool = True


@dataclass(frozen=True, slots=True)
class MessageCount:
    """What a customer did with our messages, or they with them; counted like events.

    `did` is the verb of the event `message.<did>`; `source` is "campaign:12" or "journey:12", empty is any.
    """

    did: str
    op: str
    count: int
    window: Window = EVER
    source: str = ""
    channel: str = ""
    most: int | None = None

    @property
    def counted(self) -> EventCount:
        """The same question about the events that the timeline records."""
        kind, _, number = self.source.partition(":")
        asked = (("source_kind", kind), ("source_id", number), ("channel", self.channel))
        where = tuple(PropertyIs(key, Test(FieldType.TEXT, "is", value)) for key, value in asked if value)
        return EventCount(f"message.{self.did}", self.op, self.count, self.window, where, self.most)


@dataclass(frozen=True, slots=True)
class Orders:
    """A figure of paid orders (`operators.MEASURES`), perhaps only of some products or categories (any of them)."""

    measure: str
    test: Test
    window: Window = EVER
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


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
class SegmentMoved:
    """Entered (or left) a segment in a window, whether or not the customer is still in (or out)."""

    segment_id: int
    entered: bool
    window: Window


@dataclass(frozen=True, slots=True)
class RandomShare:
    """A stable share of all customers by hash, from `first` up to `last` percent; another `salt` picks other people."""

    first: int
    last: int
    salt: str = ""


Leaf = (
    FieldIs | AttributeIs | EventCount | EventMeasure | EventTime | Sequence | MessageCount | Orders | ConsentIs
    | InSegment | SegmentMoved | RandomShare
)  # fmt: skip


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
