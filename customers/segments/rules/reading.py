"""Single values of a definition, read strictly: each function returns a checked value or raises `Wrong`."""

import math
import re
from datetime import date
from typing import Any

from customers.ports.fields import FieldType
from customers.segments.rules.operators import OPERATORS, Takes
from customers.segments.rules.tree import EVER, Test, Window

MAX_TEXT = 500
MAX_TEXTS = 1000
MAX_NUMBER = 10**15
MAX_COUNT = 1_000_000
MAX_DAYS = 36_500
MAX_HOURS = 8_760
MAX_YEAR_DAYS = 366
KEY = re.compile(r"^\w[\w .-]{0,79}$")
NAME = re.compile(r"^[a-zA-Z][\w.:/ -]{0,79}$")
SLUG = re.compile(r"^[-a-zA-Z0-9_]{1,50}$")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Path = tuple[str | int, ...]
Raw = dict[str, Any]


class Wrong(Exception):
    """A value that cannot be understood: `path` leads to it, `message` says what to do about it."""

    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(message)


def compared(raw: Raw, kind: FieldType, path: Path, *, without: tuple[str, ...] = ()) -> Test:
    """`op` and `value` of a rule, for a value of this type; operators in `without` are not offered."""
    op = one_of(raw.get("op"), [key for key in OPERATORS[kind] if key not in without], (*path, "op"))
    takes = OPERATORS[kind][op].takes
    if op == "anniversary_on":
        return Test(kind, op, whole(raw.get("value"), (*path, "value"), 0, MAX_YEAR_DAYS))
    return Test(kind, op, _value(raw.get("value"), takes, kind, (*path, "value")))


def _value(raw: object, takes: Takes, kind: FieldType, path: Path) -> Any:
    if takes is Takes.NOTHING:
        if raw not in (None, ""):
            raise Wrong(path, "This operator takes no value.")
        return None
    if takes is Takes.TEXT:
        return text(raw, path)
    if takes is Takes.TEXTS:
        return texts(raw, path, MAX_TEXTS)
    if takes is Takes.DAYS:
        return whole(raw, path, 0, MAX_DAYS)
    if takes is Takes.DATE:
        return day(raw, path)
    if takes is Takes.NUMBER:
        return number(raw, kind, path)
    low, high = pair(raw, path)
    read: tuple[Any, Any] = (
        (number(low, kind, path), number(high, kind, path)) if takes is Takes.NUMBERS else (day(low, path), day(high, path))
    )
    return ordered(read, path)


def ordered(read: tuple[Any, Any], path: Path) -> tuple[Any, Any]:
    """A pair whose first value is not the greater one."""
    if read[0] > read[1]:
        raise Wrong(path, "The first value must not be greater than the second.")
    return read


def pair(raw: object, path: Path) -> tuple[object, object]:
    """A list of two."""
    if not isinstance(raw, list) or len(raw) != 2:
        raise Wrong(path, "Give two values: from and to.")
    return raw[0], raw[1]


def text(raw: object, path: Path, *, may_be_empty: bool = False) -> str:
    """A text that a database can store."""
    if not isinstance(raw, str) or (not raw and not may_be_empty):
        raise Wrong(path, "Write a text.")
    if len(raw) > MAX_TEXT:
        raise Wrong(path, f"A text has at most {MAX_TEXT} characters.")
    if CONTROL.search(raw) or any("\ud800" <= character <= "\udfff" for character in raw):
        raise Wrong(path, "The text holds characters that cannot be stored.")
    return raw


def texts(raw: object, path: Path, most: int) -> tuple[str, ...]:
    """A list of different texts, sorted."""
    if not isinstance(raw, list) or not 0 < len(raw) <= most:
        raise Wrong(path, f"Give between 1 and {most} values.")
    return tuple(sorted({text(item, path) for item in raw}))


def number(raw: object, kind: FieldType, path: Path) -> int | float:
    """A finite number of at most six decimals; money has none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or math.isnan(0 if isinstance(raw, int) else raw):
        raise Wrong(path, "Write a number.")
    if abs(raw) > MAX_NUMBER:  # before any arithmetic: a whole number may have thousands of digits
        raise Wrong(path, "The number is too large.")
    if kind is FieldType.MONEY and raw != int(raw):
        raise Wrong(path, "Amounts are whole minor units.")
    return int(raw) if raw == int(raw) else round(raw, 6)


def whole(raw: object, path: Path, low: int, high: int) -> int:
    """A whole number between two bounds, both included."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise Wrong(path, f"Write a whole number from {low} to {high:,}.")
    return raw


def day(raw: object, path: Path) -> date:
    """A date of the years 1900 to 2200."""
    try:
        if not isinstance(raw, str) or len(raw) != 10:
            raise ValueError
        found = date.fromisoformat(raw)
    except ValueError:
        raise Wrong(path, "Write a date like 2026-03-16.") from None
    if not 1900 <= found.year <= 2200:
        raise Wrong(path, "The year must lie between 1900 and 2200.")
    return found


def window(raw: object, path: Path) -> Window:
    """A window of time; None is ever."""
    if raw is None:
        return EVER
    if not isinstance(raw, dict):
        raise Wrong(path, "A time window must be an object.")
    only(raw, {"days", "hours", "from", "to"}, path)
    relative = [key for key in ("days", "hours") if key in raw]
    if relative and len(raw) > 1:
        raise Wrong(path, "Give a number of days, a number of hours or dates, only one of them.")
    if "days" in raw:
        return Window(days=whole(raw["days"], (*path, "days"), 1, MAX_DAYS))
    if "hours" in raw:
        return Window(hours=whole(raw["hours"], (*path, "hours"), 1, MAX_HOURS))
    first = day(raw["from"], (*path, "from")) if raw.get("from") is not None else None
    last = day(raw["to"], (*path, "to")) if raw.get("to") is not None else None
    if first and last and first > last:
        raise Wrong(path, "The first day must not lie after the last.")
    return Window(first=first, last=last)


def count(raw: Raw, path: Path) -> tuple[str, int, int | None]:
    """`op` and `count` of something that is counted: operator, number, and for "between" the greater number."""
    op = one_of(raw.get("op"), ["at_least", "at_most", "exactly", "between", "never"], (*path, "op"))
    place = (*path, "count")
    if op == "never":
        return "exactly", 0, None
    if op == "between":
        low, high = pair(raw.get("count"), place)
        return op, *ordered((whole(low, place, 0, MAX_COUNT), whole(high, place, 0, MAX_COUNT)), place)
    found = whole(raw.get("count", 1), place, 0, MAX_COUNT)
    if op == "at_least" and found == 0:
        raise Wrong(place, "Everybody did it at least 0 times; write 1 or more.")
    return op, found, None


def one_of(raw: object, allowed: list[str], path: Path) -> str:
    """One of the allowed words."""
    if not isinstance(raw, str) or raw not in allowed:
        raise Wrong(path, f"Choose one of: {', '.join(allowed)}.")
    return raw


def matching(raw: object, pattern: re.Pattern[str], path: Path, message: str) -> str:
    """A text of a certain form."""
    if not isinstance(raw, str) or not pattern.fullmatch(raw) or CONTROL.search(raw):
        raise Wrong(path, message)
    return raw


def only(raw: Raw, allowed: set[str], path: Path) -> None:
    """Refuse parts that nothing would read."""
    for key in raw:
        if key not in allowed:
            raise Wrong(path, "Holds a part that is not known: " + repr(key)[:60])
