"""What waits, and since when."""

from datetime import datetime

from django.db.models import Count, Min

from customers.models import PendingEvent
from customers.ports.jobs import Due


def pending_events_due(at: datetime) -> Due:
    """Events whose subscribers have not run yet."""
    found = PendingEvent.objects.aggregate(count=Count("event_id"), oldest=Min("event__received_at"))
    return Due(found["count"], found["oldest"])
