"""The segments that rules define, read once per change of any of them."""

from dataclasses import dataclass

from customers.enums import SegmentKind
from customers.models import Segment
from customers.ports.segment_guards import Asked
from customers.segments.rules import dependencies
from customers.segments.rules.parse import BadDefinition, parse
from customers.segments.rules.tree import Group

_parsed: dict[tuple[int, int], tuple[object, "Live | None"]] = {}


@dataclass(frozen=True, slots=True)
class Live:
    """A segment whose rules can be run; `names` are the events that can change who is in it."""

    id: int
    name: str
    version: int
    tree: Group
    names: frozenset[str]

    @property
    def asks(self) -> frozenset[int]:
        """Ids of the segments whose membership the rules ask about."""
        return dependencies.segments(self.tree)

    @property
    def asked(self) -> Asked:
        """Fields and segments that the rules ask about."""
        return Asked(dependencies.fields(self.tree), self.asks)

    def is_touched_by(self, name: str) -> bool:
        return dependencies.is_touched(self.names, name)


def live() -> list[Live]:
    """Every segment with readable rules that has been filled, by id; what was read is kept until its version changes."""
    rows = Segment.objects.filter(kind=SegmentKind.DYNAMIC, refreshed_at__isnull=False)
    found = [_read(*row) for row in rows.order_by("id").values_list("id", "name", "version", "definition")]
    return [item for item in found if item is not None]


def readable() -> list[Live]:
    """Every segment with readable rules, filled or not."""
    rows = Segment.objects.filter(kind=SegmentKind.DYNAMIC).order_by("id")
    found = [_read(*row) for row in rows.values_list("id", "name", "version", "definition")]
    return [item for item in found if item is not None]


def of(segment: Segment) -> Live:
    """One segment, filled or not. Raises `BadDefinition`."""
    tree = parse(segment.definition)
    return Live(segment.id, segment.name, segment.version, tree, dependencies.names(tree))


def _read(segment_id: int, name: str, version: int, definition: object) -> Live | None:
    known = _parsed.get((segment_id, version))
    if known is not None and known[0] == (name, definition):
        return known[1]
    try:
        tree = parse(definition)
        read = Live(segment_id, name, version, tree, dependencies.names(tree))
    except BadDefinition:
        read = None
    if len(_parsed) > 2000:
        _parsed.clear()
    _parsed[segment_id, version] = ((name, definition), read)
    return read
