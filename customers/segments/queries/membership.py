"""Who is in a segment, now and then."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from customers.models import Customer, Segment, SegmentMembership
from customers.ports import segment_uses
from customers.ports.segment_uses import Use
from customers.queries import brand
from customers.segments.queries import index
from customers.segments.queries.expressions import InSet
from customers.segments.queries.leaves.membership import membership_at
from customers.segments.queries.leaves.sets import Context
from customers.segments.queries.predicates import Moment


def members(segment_id: int) -> QuerySet[SegmentMembership, int]:
    """Ids of the customers in a segment now, ready for `filter(customer_id__in=...)`."""
    return SegmentMembership.objects.filter(segment_id=segment_id).values_list("customer_id", flat=True)


def members_at(segment_id: int, at: datetime) -> QuerySet[Customer]:
    """Customers who were in a segment at a moment since it was first filled."""
    found = membership_at(segment_id, Context(Moment(at, brand.current().timezone)))
    return Customer.objects.filter(InSet(F("pk"), found.text, found.params))


def choosable() -> QuerySet[Segment]:
    """Segments for a `ModelChoiceField`, by name."""
    return Segment.objects.order_by("name")


def uses(segment_ids: Sequence[int]) -> dict[int, list[Use]]:
    """What builds on these segments: other segments, and what other apps have registered."""
    found: dict[int, list[Use]] = {segment_id: [] for segment_id in segment_ids}
    for live in index.readable():
        for segment_id in live.asks:
            if segment_id in found:
                found[segment_id].append(Use("Segment", live.name, f"/segments/{live.id}/"))
    for port in segment_uses.all():
        for segment_id, items in port.find(list(segment_ids)).items():
            found.setdefault(segment_id, []).extend(items)
    return found
