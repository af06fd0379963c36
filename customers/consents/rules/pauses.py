"""How long a pause lasts, in days of the account's time zone: the same choice made twice a day ends at the same moment."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

TWO_WEEKS, ONE_MONTH, THREE_MONTHS, UNTIL, KEEP, NONE = "2w", "1m", "3m", "until", "keep", "none"
LONGEST = 366


class BadPause(ValueError):
    """The day is not one on which a pause can end."""


def later(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month."""
    number = day.month - 1 + months
    year, month = day.year + number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def end(choice: str, *, zone: str, at: datetime, until: date | None = None) -> datetime | None:
    """The moment a pause ends: the start of a day in the account's zone; None for no pause. Raises `BadPause`."""
    today = at.astimezone(ZoneInfo(zone)).date()
    if choice in (NONE, ""):
        return None
    if choice == UNTIL:
        if until is None or not today < until <= today + timedelta(days=LONGEST):
            raise BadPause
        day = until
    elif choice in (TWO_WEEKS, ONE_MONTH, THREE_MONTHS):
        day = {TWO_WEEKS: today + timedelta(days=14), ONE_MONTH: later(today, 1), THREE_MONTHS: later(today, 3)}[choice]
    else:
        raise BadPause
    return datetime.combine(day, time(), ZoneInfo(zone))
