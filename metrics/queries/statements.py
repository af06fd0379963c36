"""Runs the statements of `metrics/sql/`, which are written once for both engines.

They use three date functions that the engines spell differently: `plus_days(x, n)`, `month_of(x)` (its first day) and
`month_after(x, k)` (first day of the k-th month after it), and `orders_that_count(o)`: paid, above zero, not refunded in
full. Values are always bound parameters.
"""

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

from config.kit import sql

FOLDER = Path(__file__).resolve().parent.parent / "sql"
_CALL = r"\(([^(),]+)(?:,\s*([^(),]+))?\)"
_POSTGRESQL = {
    "plus_days": "({0} + {1})",
    "month_of": "date_trunc('month', {0}::timestamp)::date",
    "month_after": "(date_trunc('month', {0}::timestamp) + make_interval(months => {1}))::date",
}
_SQLITE = {
    "plus_days": "date({0}, ({1}) || ' days')",
    "month_of": "date({0}, 'start of month')",
    "month_after": "date({0}, 'start of month', ({1}) || ' months')",
}
_SHARED = {"orders_that_count": "{0}.state = 'paid' AND {0}.total_minor > 0"}


@cache
def _translated(name: str, vendor: str) -> str:
    text = (FOLDER / f"{name}.sql").read_text()
    for function, form in {**(_POSTGRESQL if vendor == "postgresql" else _SQLITE), **_SHARED}.items():
        text = re.sub(rf"\b{function}{_CALL}", lambda found, form=form: form.format(*found.groups()), text)  # type: ignore[misc]
    return text


def statement(name: str, **pieces: str) -> str:
    """The text of `metrics/sql/<name>.sql` for this engine; `pieces` replace `{{name}}` and come from code only."""
    text = _translated(name, connection.vendor)
    for key, piece in pieces.items():
        text = text.replace("{{" + key + "}}", piece)
    return text


def rows(name: str, *, pieces: dict[str, str] | None = None, **parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement; dates come back as `date` on both engines when their column is named `…day` or `…month`."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name, **(pieces or {})), {key: _bound(value) for key, value in parameters.items()})
        names = [column[0] for column in cursor.description]
        found = cursor.fetchall()
    if sql.is_postgresql():
        return found
    dates = [index for index, column in enumerate(names) if column.endswith(("day", "month"))]
    return [_with_dates(row, dates) for row in found]


def run(name: str, *, pieces: dict[str, str] | None = None, **parameters: Any) -> int:
    """Execute a statement that writes; returns the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name, **(pieces or {})), {key: _bound(value) for key, value in parameters.items()})
        return max(int(cursor.rowcount), 0)


def _bound(value: Any) -> Any:
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def _with_dates(row: tuple[Any, ...], dates: list[int]) -> tuple[Any, ...]:
    values = list(row)
    for index in dates:
        if isinstance(values[index], str):
            values[index] = date.fromisoformat(values[index])
    return tuple(values)
