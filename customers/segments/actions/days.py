"""Sizes of segments at the end of a day and what moved on it, for the growth chart."""

from datetime import date

from django.db.models import Count, Q

from config.kit.clock import day_bounds
from customers.enums import SegmentKind
from customers.models import Segment, SegmentChange, SegmentCount
from customers.queries import brand


def count(day: date) -> None:
    """Keep size, entries and exits of every segment for a day that has ended; again whenever it is called.

    The size is today's without what has moved since that day's last midnight (in the account's time zone), so it is exact
    however late the night's work begins. The moves of all segments are one statement over the index on segment and time.
    """
    start, end = day_bounds(day, brand.current().timezone)
    filled = Segment.objects.filter(Q(refreshed_at__isnull=False) | Q(kind=SegmentKind.STATIC), created_at__lt=end)
    sizes = dict(filled.values_list("id", "member_count"))
    within, after = Q(changed_at__lt=end), Q(changed_at__gte=end)
    rows = (
        SegmentChange.objects.filter(segment_id__in=list(sizes), changed_at__gte=start)
        .order_by()
        .values("segment_id")
        .annotate(
            came=Count("id", filter=within & Q(entered=True)),
            went=Count("id", filter=within & Q(entered=False)),
            came_since=Count("id", filter=after & Q(entered=True)),
            went_since=Count("id", filter=after & Q(entered=False)),
        )
    )
    moved = {row["segment_id"]: row for row in rows}
    nothing = {"came": 0, "went": 0, "came_since": 0, "went_since": 0}
    counts = []
    for segment_id, size in sizes.items():
        row = moved.get(segment_id, nothing)
        then = max(0, size - row["came_since"] + row["went_since"])
        counts.append(
            SegmentCount(segment_id=segment_id, day=day, member_count=then, entered=row["came"], left=row["went"])
        )
    SegmentCount.objects.bulk_create(
        counts, update_conflicts=True, unique_fields=["segment", "day"], update_fields=["member_count", "entered", "left"]
    )
