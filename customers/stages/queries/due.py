"""What waits, for the watchdog page."""

from datetime import datetime

from django.db.models import Count, Min

from customers.models import StandingRun
from customers.ports.jobs import Due


def runs(at: datetime) -> Due:
    """Evaluations of everybody that were asked for and are not finished."""
    found = StandingRun.objects.filter(finished_at__isnull=True).aggregate(count=Count("id"), oldest=Min("requested_at"))
    return Due(found["count"], found["oldest"])
