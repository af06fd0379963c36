"""Parts of sentences: tests, values, windows and counts in words."""

from datetime import date
from typing import Any

from config.kit.money import Money
from customers.ports.fields import FieldType
from customers.segments.rules.operators import COUNTS, OPERATORS, Takes
from customers.segments.rules.tree import Test, Window

AGO = ("more_ago", "days_ago")
TODAY = {"days_ago": "is today", "in_days": "is today", "anniversary_on": "has its anniversary today"}
UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))


def amount(count: int, unit: str) -> str:
    """ "1 day", "2,000 days"."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def within(minutes: int | None) -> str:
    """The time a step of a sequence has, in its largest unit."""
    if minutes is None:
        return ""
    size, unit = next(item for item in UNITS if not minutes % item[0])
    return f" within {amount(minutes // size, unit)}"


def counted(op: str, count: int, most: int | None) -> str:
    """How often: "at least 3 times", "between 2 and 5 times"."""
    if op == "between":
        return f"between {count:,} and {most:,} times"
    return f"{COUNTS[op]} {'once' if count == 1 else f'{count:,} times'}"


def is_never(op: str, count: int, most: int | None) -> bool:
    """Whether a count asks that something did not happen at all."""
    return count == 0 and (op in ("exactly", "at_most") or (op == "between" and most == 0))


def window(window: Window) -> str:
    """The time that counts, with a space before it; nothing for ever."""
    if window.hours is not None:
        return f" in the last {amount(window.hours, 'hour')}"
    if window.days is not None:
        return f" in the last {amount(window.days, 'day')}"
    if window.first and window.last:
        return f" from {_day(window.first)} to {_day(window.last)}"
    if window.first:
        return f" since {_day(window.first)}"
    return f" until {_day(window.last)}" if window.last else ""


def compared(test: Test, currency: str, labels: dict[str, str] | None = None) -> str:
    """What is asked of a value: "is more than 30 days ago"; `labels` are the names of choices."""
    if test.op in TODAY and test.value == 0:
        return TODAY[test.op]
    operator = OPERATORS[test.type][test.op]
    if operator.takes is Takes.NOTHING:
        return operator.label
    value = _value(test, operator.takes, currency, labels or {})
    return f"{operator.label} {value} ago" if test.op in AGO else f"{operator.label} {value}"


def _value(test: Test, takes: Takes, currency: str, labels: dict[str, str]) -> str:
    if takes is Takes.DAYS:
        return amount(test.value, "day")
    if takes is Takes.TEXTS:
        return ", ".join(labels.get(item, item) for item in test.value)
    items = test.value if isinstance(test.value, tuple) else (test.value,)
    return " and ".join(_one(item, test.type, currency, labels) for item in items)


def _one(value: Any, kind: FieldType, currency: str, labels: dict[str, str]) -> str:
    if kind is FieldType.MONEY:
        return str(Money(int(value), currency))
    if isinstance(value, date):
        return _day(value)
    return labels.get(value, value) if isinstance(value, str) else f"{value:,}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
