"""When a wait ends: in the customer's own time zone, and unshaken by clock changes."""

from datetime import UTC, datetime, timedelta

from campaigns.journeys.rules.graph import Wait
from config.kit.clock import zone

# A worker that comes this late still counts from when the step was due; after a longer outage it counts from now (less
# this), so that two messages that were to be days apart never go out together.
MOST_CATCHING_UP = timedelta(hours=6)


def base(due_at: datetime, *, at: datetime) -> datetime:
    """The moment from which the next step counts: when this one was due, unless that is too long ago."""
    return max(due_at, at - MOST_CATCHING_UP)


def wait_end(start: datetime, wait: Wait, *, zone_name: str) -> datetime:
    """The end of a wait that begins at `start`, in UTC.

    Without a time of day it is a plain duration. With one, days are days of the calendar in the customer's zone, so that
    "a day later at 09:00" is 09:00 also across a clock change. A time of day that a change skips is taken an hour later;
    of one that comes twice the first is taken. The result never lies before `start`.
    """
    if wait.clock is None:
        return start + wait.duration
    tz = zone(zone_name)
    days, rest = timedelta(days=wait.duration.days), timedelta(seconds=wait.duration.seconds)
    local = (start + rest).astimezone(tz).replace(tzinfo=None) + days
    earliest = max(start, local.replace(tzinfo=tz).astimezone(UTC)) if days else start + rest
    day = local.date()
    while True:
        moment = datetime.combine(day, wait.clock, tz).astimezone(UTC)
        if moment >= earliest and (not wait.weekdays or day.weekday() in wait.weekdays):
            return moment
        day += timedelta(days=1)
