"""What waits in metrics, for the watchdog."""

from datetime import datetime, timedelta

from django.db.models import Count, Min

from config.kit.clock import day_bounds, local_day
from customers.models import JobRun
from customers.ports.jobs import Due
from customers.queries import brand
from metrics.models import DirtyDay


def roll_up_due(at: datetime) -> Due:
    """Yesterday when it is not rolled up yet, and days that changed later."""
    tz = brand.current().timezone
    today = local_day(at, tz)
    found = DirtyDay.objects.filter(day__lt=today).aggregate(count=Count("id"), oldest=Min("marked_at"))
    count, oldest = found["count"], found["oldest"]
    if not JobRun.objects.filter(job="metrics.roll_up", period=str(today - timedelta(days=1))).exists():
        midnight = day_bounds(today, tz)[0]
        count, oldest = count + 1, min(oldest or midnight, midnight)
    return Due(count, oldest)
