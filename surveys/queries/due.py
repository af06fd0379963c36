"""What waits, for the watchdog page."""

from datetime import datetime, timedelta

from django.db.models import Count, Min

from customers.ports.jobs import Due
from surveys.enums import ResponseState
from surveys.models import Response


def quiet_answers(at: datetime) -> Due:
    """Provisional answers whose half hour of quiet is over."""
    waiting = Response.objects.filter(
        state=ResponseState.PROVISIONAL, suspicion="", updated_at__lte=at - timedelta(minutes=30)
    )
    found = waiting.aggregate(count=Count("id"), oldest=Min("updated_at"))
    return Due(found["count"], found["oldest"] and found["oldest"] + timedelta(minutes=30))
