"""What one value means and how it is compared, in plain Python; nothing here is taken from the product."""

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)(Z|[+-][0-9]{2}:[0-9]{2})"
)
NEGATIVE = {"is_not": "is", "none_of": "any_of", "not_contains": "contains", "empty": "not_empty"}


def text_of(raw):
    """The text of a JSON value, None when it has none."""
    if raw is None or isinstance(raw, list | dict):
        return None
    return ("true" if raw else "false") if isinstance(raw, bool) else str(raw)


def typed(raw, kind, tz):
    """A JSON value read as a type, None when it is of another one."""
    text = text_of(raw)
    if text is None or kind == "text":
        return text
    if kind == "number":
        return Fraction(text) if NUMBER.fullmatch(text) else None
    if kind == "boolean":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower())
    try:
        if kind == "date":
            return date.fromisoformat(text[:10]) if DAY.match(text) else None
        if DAY.fullmatch(text):
            return midnight(date.fromisoformat(text), tz)
        found = MOMENT.fullmatch(text)
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{found[5].replace('Z', '+00:00')}") if found else None
    except ValueError:
        return None


def midnight(day, tz):
    return datetime.combine(day, datetime.min.time(), tz).astimezone(UTC)


def low(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


def compare(value, op, wanted, at, tz):
    if op in NEGATIVE:
        return not compare(value, NEGATIVE[op], wanted, at, tz)
    if value is None or value == "":
        return False
    if op == "not_empty":
        return True
    if isinstance(value, bool):
        return value is (op == "true")
    if isinstance(value, str):
        return worded(value, op, wanted)
    if isinstance(value, int | Fraction):
        return counted(value, op, wanted)
    return dated(value, op, wanted, at, tz)


def worded(value, op, wanted):
    if op in ("is", "any_of"):
        return value in (wanted if op == "any_of" else [wanted])
    inside, part = low(value), low(wanted)
    return {"contains": part in inside, "starts": inside.startswith(part), "ends": inside.endswith(part)}[op]


def counted(value, op, wanted):
    first, last = [Fraction(str(number)) for number in (wanted if op == "between" else (wanted, wanted))]
    return {
        "at_least": value >= first, "at_most": value <= first, "more": value > first, "less": value < first,
        "is": value == first, "exactly": value == first, "between": first <= value <= last,
    }[op]  # fmt: skip


def dated(value, op, wanted, at, tz):
    is_moment = isinstance(value, datetime)
    today = at.astimezone(tz).date()
    day = value.astimezone(tz).date() if is_moment else value
    if op in ("in_last", "more_ago", "in_next"):
        span = timedelta(days=wanted)
        now, own = (at, value.astimezone(UTC)) if is_moment else (today, value)
        return {
            "in_last": now - span <= own <= now, "more_ago": own < now - span,
            "in_next": (now < own if is_moment else now <= own) and own <= now + span,
        }[op]  # fmt: skip
    if op in ("days_ago", "in_days"):
        return (today - day).days == (wanted if op == "days_ago" else -wanted)
    if op == "anniversary_on":
        return day < today and kept(day, (today + timedelta(days=wanted)).year) == today + timedelta(days=wanted)
    if op == "anniversary_next":
        coming = [today + timedelta(days=offset) for offset in range(min(wanted, 366) + 1)]
        return day < today and any(kept(day, other.year) == other for other in coming)
    if op == "between":
        return date.fromisoformat(wanted[0]) <= day <= date.fromisoformat(wanted[1])
    other = date.fromisoformat(wanted)
    return {"before": day < other, "after": day > other, "on": day == other}[op]


def kept(day, year):
    """The day on which a date is remembered in a year: 29 February on the 28th when the year has none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
