"""Reading a table of any size in chunks by its key: flat memory, no cursor that has to stay open."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from config.kit.clock import day_bounds
from customers.ports.exports import Criteria
from customers.queries import brand

CHUNK = 5000


def chunks(rows: "QuerySet[Any]", fields: Sequence[str], *, size: int = CHUNK) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `pk` and `fields` in the order of the key, `size` at a time."""
    last: Any = None
    while True:
        part = rows if last is None else rows.filter(pk__gt=last)
        found = list(part.order_by("pk").values_list("pk", *fields)[:size])
        if found:
            yield found
        if len(found) < size:
            return
        last = found[-1][0]


def plain(rows: "QuerySet[Any]", fields: Sequence[str], header: Sequence[str] | None = None) -> Iterator[Sequence[Any]]:
    """Header and the values of `fields`, which need no further work."""
    yield list(header or fields)
    for part in chunks(rows, fields):
        for row in part:
            yield row[1:]


def within(rows: "QuerySet[Any]", field: str, criteria: Criteria) -> "QuerySet[Any]":
    """Rows whose moment `field` lies on the days wanted, by the account's time zone."""
    first, after = bounds(criteria)
    if first:
        rows = rows.filter(**{f"{field}__gte": first})
    return rows.filter(**{f"{field}__lt": after}) if after else rows


def bounds(criteria: Criteria) -> tuple[datetime | None, datetime | None]:
    """The moments at which the days wanted begin and are over."""
    name = brand.current().timezone
    first = day_bounds(criteria.since, name)[0] if criteria.since else None
    return first, day_bounds(criteria.until, name)[1] if criteria.until else None
