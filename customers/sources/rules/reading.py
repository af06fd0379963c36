"""Taking values out of payloads that may lack anything: each function takes what it needs or says what is wrong."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from config.kit import money
from customers.imports.rules import values
from customers.sources.rules.facts import Unusable

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def part(source: Any, *path: str) -> dict[str, Any]:
    """The object at a path; empty when it is not one."""
    for name in path:
        source = source.get(name) if isinstance(source, dict) else None
    return source if isinstance(source, dict) else {}


def items(source: Any, *path: str) -> list[dict[str, Any]]:
    """The objects of a list, or of a Stripe list object (`{"data": […]}`), at a path."""
    for name in path:
        source = source.get(name) if isinstance(source, dict) else None
    if isinstance(source, dict):
        source = source.get("data")
    return [item for item in source if isinstance(item, dict)] if isinstance(source, list) else []


def text(source: Mapping[str, Any], name: str, limit: int = 200) -> str:
    """A text or number as text without outer blanks; empty when it is something else."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:limit]


def identifier(source: Mapping[str, Any], name: str) -> str:
    """An id, or the id of an object that was expanded; empty when there is none."""
    value = source.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:110]


def whole(source: Mapping[str, Any], name: str) -> int | None:
    """A whole number, given as number or text."""
    value = source.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**15 else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 15:
        return int(value)
    return None


def unix(source: Mapping[str, Any], name: str) -> datetime | None:
    """A moment given in seconds since 1970."""
    seconds = whole(source, name)
    if seconds is None or not EARLIEST.timestamp() <= seconds < LATEST.timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def moment(source: Mapping[str, Any], *names: str) -> datetime | None:
    """The first of these that is an ISO 8601 moment; without offset it is UTC."""
    for name in names:
        value = source.get(name)
        if not isinstance(value, str):
            continue
        try:
            found = datetime.fromisoformat(value.strip())
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if EARLIEST <= found < LATEST:
            return found
    return None


def minor(source: Mapping[str, Any], name: str, currency: str) -> int:
    """A decimal amount ("12.50") in minor units. Raises `Unusable`."""
    value = text(source, name)
    try:
        return money.parse_minor(value, currency)
    except money.NotAnAmount:
        raise Unusable(f"{name} is not an amount.") from None


def minor_or(source: Mapping[str, Any], name: str, currency: str, default: int = 0) -> int:
    """The same, or `default` when it is absent or empty."""
    return minor(source, name, currency) if text(source, name) else default


def currency(source: Mapping[str, Any], name: str) -> str:
    """Three capital letters. Raises `Unusable`."""
    code = text(source, name).upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise Unusable("It names no currency.")
    return code


def cleaned(label: str, value: str, parse: Callable[[str], Any], notes: list[str]) -> Any:
    """A value in the form in which customers keep it; empty, with a note, when it is not one."""
    if not value:
        return ""
    try:
        return parse(value)
    except values.BadValue as error:
        notes.append(f"{label} was left out: it {error}.")
        return ""


def later(at: datetime, rank: int, mark: str) -> datetime:
    """`at` with microseconds that order what happened in the same second: first by `rank` (0 to 9), then by `mark`.

    Sources tell whole seconds; without this, two versions of one second would be taken in order of arrival.
    """
    return at.replace(microsecond=0) + timedelta(microseconds=rank * 100_000 + int(mark[:8] or "0", 16) % 100_000)
