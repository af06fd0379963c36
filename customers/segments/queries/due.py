"""What waits to be evaluated, for the watchdog page."""

from datetime import datetime

from django.db.models import Count, F, Min, Q

from customers.enums import SegmentKind
from customers.models import Segment, SegmentTouch
from customers.ports.jobs import Due


def touches(at: datetime) -> Due:
    """Customers whom events have touched."""
    found = SegmentTouch.objects.aggregate(count=Count("id"), oldest=Min("touched_at"))
    return Due(found["count"], found["oldest"])


def fills(at: datetime) -> Due:
    """Segments that were saved and not filled since."""
    waiting = Segment.objects.filter(
        Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at")), kind=SegmentKind.DYNAMIC
    )
    found = waiting.aggregate(count=Count("id"), oldest=Min("updated_at"))
    return Due(found["count"], found["oldest"])
