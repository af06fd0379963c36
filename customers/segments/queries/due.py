"""What waits to be evaluated, for the watchdog page."""

from datetime import datetime

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from customers.enums import ListUploadState, SegmentKind
from customers.models import ListUpload, Segment, SegmentTouch
from customers.ports.jobs import Due


def touches(at: datetime) -> Due:
    """Customers whom events have touched."""
    found = SegmentTouch.objects.filter(touched_at__lte=at).aggregate(count=Count("id"), oldest=Min("touched_at"))
    return Due(found["count"], found["oldest"])


def waiting(at: datetime) -> QuerySet[Segment]:
    """Segments to evaluate as a whole: new, edited since, or failed and due to be tried again."""
    behind = Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at")) | Q(attempts__gt=0)
    is_due = Q(retry_at__isnull=True) | Q(retry_at__lte=at)
    return Segment.objects.filter(behind, is_due, kind=SegmentKind.DYNAMIC)


def is_waiting(refreshed_at: datetime | None, updated_at: datetime) -> bool:
    """Whether a segment is new or its rules were saved after its members were last made equal to them."""
    return refreshed_at is None or refreshed_at < updated_at


def fills(at: datetime) -> Due:
    """Segments that are new, edited, or to be tried again."""
    found = waiting(at).aggregate(count=Count("id"), oldest=Min(Coalesce("retry_at", "updated_at")))
    return Due(found["count"], found["oldest"])


def uploads(at: datetime) -> Due:
    """Long lists that are being read or carried out."""
    working = ListUpload.objects.filter(state__in=[ListUploadState.READING, ListUploadState.APPLYING])
    found = working.aggregate(count=Count("id"), oldest=Min("created_at"))
    return Due(found["count"], found["oldest"])
