"""Relative dates made absolute for one moment `at`; days are days of the account's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from config.kit.clock import day_bounds, local_day
from customers.segments.rules.tree import Test, Window

T = TypeVar("T", date, datetime, int)
LEAP_DAY = 229
EXACT_DAYS = ("days_ago", "in_days")
ANNIVERSARIES = ("anniversary_next", "anniversary_on")


@dataclass(frozen=True, slots=True)
class Range(Generic[T]):
    """Values from `low` to `high`; None is open-ended; the flags leave the end itself out."""

    low: T | None = None
    high: T | None = None
    without_low: bool = False
    without_high: bool = False


def moments(test: Test, at: datetime, zone: str) -> Range[datetime]:
    """The date-times for which a date test holds at a moment.

    "In the last N days" is exactly N times 24 hours up to `at`, both ends included; "in the next" leaves `at` out.
    """
    if test.op == "in_last":
        return Range(at - timedelta(days=test.value), at)
    if test.op == "more_ago":
        return Range(None, at - timedelta(days=test.value), without_high=True)
    if test.op == "in_next":
        return Range(at, at + timedelta(days=test.value), without_low=True)
    if test.op in EXACT_DAYS:
        low, high = day_bounds(exact_day(test, at, zone), zone)
        return Range(low, high, without_high=True)
    if test.op == "before":
        return Range(None, day_bounds(test.value, zone)[0], without_high=True)
    if test.op == "after":
        return Range(day_bounds(test.value, zone)[1], None)
    first, last = test.value if test.op == "between" else (test.value, test.value)
    return Range(day_bounds(first, zone)[0], day_bounds(last, zone)[1], without_high=True)


def midnights(found: Range[datetime], zone: str) -> Range[date]:
    """The days whose local midnight lies in a range of moments."""
    low = high = None
    if found.low is not None:
        low = local_day(found.low, zone)
        start = day_bounds(low, zone)[0]
        if start < found.low or (found.without_low and start == found.low):
            low += timedelta(days=1)
    if found.high is not None:
        high = local_day(found.high, zone)
        start = day_bounds(high, zone)[0]
        if start > found.high or (found.without_high and start == found.high):
            high -= timedelta(days=1)
    return Range(low, high)


def days(test: Test, at: datetime, zone: str) -> Range[date]:
    """The dates for which a date test holds at a moment; today is the day of `at` in the zone."""
    today = local_day(at, zone)
    if test.op == "in_last":
        return Range(today - timedelta(days=test.value), today)
    if test.op == "more_ago":
        return Range(None, today - timedelta(days=test.value), without_high=True)
    if test.op == "in_next":
        return Range(today, today + timedelta(days=test.value))
    if test.op in EXACT_DAYS:
        day = exact_day(test, at, zone)
        return Range(day, day)
    if test.op == "before":
        return Range(None, test.value, without_high=True)
    if test.op == "after":
        return Range(test.value, None, without_low=True)
    first, last = test.value if test.op == "between" else (test.value, test.value)
    return Range(first, last)


def exact_day(test: Test, at: datetime, zone: str) -> date:
    """The local day that "exactly n days ago" or "in exactly n days" means."""
    return local_day(at, zone) + timedelta(days=-test.value if test.op == "days_ago" else test.value)


def anniversaries(test: Test, at: datetime, zone: str) -> tuple[date, list[int]]:
    """Today, and the days of the year (month x 100 + day) whose anniversaries a test asks for.

    They are those of today and the next n days, or only that of the n-th day. 29 February is kept on the 28th in years
    that have no leap day.
    """
    today = local_day(at, zone)
    last = min(test.value, 366)
    found: set[int] = set()
    for offset in range(last if test.op == "anniversary_on" else 0, last + 1):
        day = today + timedelta(days=offset)
        found.add(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            found.add(LEAP_DAY)
    return today, sorted(found)


def since(window: Window, at: datetime, zone: str) -> Range[datetime]:
    """The moments that a window of events covers; never later than `at`."""
    if window.span is not None:
        return Range(at - window.span, at)
    low = day_bounds(window.first, zone)[0] if window.first else None
    high = day_bounds(window.last, zone)[1] if window.last else None
    if high is None or high > at:
        return Range(low, at)
    return Range(low, high, without_high=True)
