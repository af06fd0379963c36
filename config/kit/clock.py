"""Time is an argument: only views, tasks and commands call `now`; rules and actions take `at=`."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now()


@lru_cache(maxsize=700)
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; UTC when the name is unknown, because data from outside may hold anything."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_day(at: datetime, zone_name: str) -> date:
    """The calendar day of a moment in a zone."""
    return at.astimezone(zone(zone_name)).date()


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """The half-open interval [local midnight, next local midnight) of a day, in UTC; 23 or 25 hours long at DST."""
    tz = zone(zone_name)
    start = datetime.combine(day, time.min, tz).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, tz).astimezone(UTC)
    return start, end
