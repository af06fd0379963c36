"""Conditions on other segments: who is in one at a moment, who entered or left it in a window."""

from django.db.models import F, Min

from customers.models import SegmentChange, SegmentMembership
from customers.segments.queries import predicates
from customers.segments.queries.leaves.sets import Context, Part, Sql, both, compiled, select
from customers.segments.rules import windows
from customers.segments.rules.tree import InSegment, SegmentMoved


def inside(node: InSegment, context: Context) -> Part:
    return Part(membership_at(node.segment_id, context), not node.is_in)


def membership_at(segment_id: int, context: Context) -> Sql:
    """The members at a moment: today's who have not changed since, and those whose first change since is that they left."""
    later = SegmentChange.objects.filter(segment=segment_id, changed_at__gt=context.at)
    now = SegmentMembership.objects.filter(segment=segment_id).exclude(customer__in=later.values("customer"))
    first = later.order_by().values("customer").annotate(first=Min("id")).values("first")
    left = SegmentChange.objects.filter(id__in=first, entered=False)
    return both(
        select(context.narrow(now, "customer_id"), "customer_id"),
        select(context.narrow(left, "customer_id"), "customer_id"),
    )


def moved(node: SegmentMoved, context: Context) -> Part:
    """Those with a change in the window, whatever came after it."""
    found = windows.since(node.window, context.at, context.moment.zone)
    rows = SegmentChange.objects.filter(
        predicates.within(F("changed_at"), found), segment=node.segment_id, entered=node.entered
    )
    return Part(compiled(context.narrow(rows, "customer_id").order_by().values(cid=F("customer_id")).distinct()))
