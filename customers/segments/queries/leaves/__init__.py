"""Each leaf as a set of customer ids, from the cheapest source that answers it exactly.

A per-customer table (profile, facts, another app's table) gives a `Scan`, which the compiler merges with its neighbours
on the same table; everything else gives a `Part`: one SELECT, perhaps to be read as its complement.
"""

from customers.segments.queries.leaves import events, membership, orders, people, sequences
from customers.segments.queries.leaves.sets import Context, Part, Scan, Sql
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    InSegment,
    Leaf,
    MessageCount,
    Orders,
    RandomShare,
    SegmentMoved,
    Sequence,
)

__all__ = ["Context", "Part", "Scan", "Sql", "leaf"]


def leaf(node: Leaf, context: Context) -> Scan | Part:
    """The set of one leaf."""
    match node:
        case FieldIs():
            return people.field(node, context)
        case AttributeIs():
            return people.attribute(node, context)
        case RandomShare():
            return people.share(node, context)
        case EventCount():
            return events.counted(node, context)
        case MessageCount():
            return events.counted(node.counted, context)
        case EventMeasure():
            return events.measure(node, context)
        case EventTime():
            return events.timed(node, context)
        case Sequence():
            return sequences.sequence(node, context)
        case Orders():
            return orders.orders(node, context)
        case ConsentIs():
            return people.consent(node, context)
        case SegmentMoved():
            return membership.moved(node, context)
        case InSegment():
            return membership.inside(node, context)
