"""Bulk statements of the ledger: ids ahead of the insert, rows by COPY, many rows updated by one statement."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models

from config.kit import sql

ROWS_PER_STATEMENT = 2000


def reserve_ids(model: type[models.Model], count: int, *, after: int = 0) -> Iterator[int]:
    """Ids of rows that are about to be inserted, so that rows which point at them can be made at once.

    PostgreSQL takes them from the sequence; on SQLite the caller's transaction holds the only write lock, so what
    follows the last id is free; `after` is the last one reserved but not yet written.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if sql.is_postgresql():
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
            return iter([row[0] for row in cursor.fetchall()])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last = max(found[0] if found else 0, after)
    return iter(range(last + 1, last + count + 1))


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of plain values (aware datetimes, dates, numbers, texts, dicts) into columns named as in the table."""
    if rows:
        sql.insert(model._meta.db_table, columns, _prepared(rows))


def _prepared(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    if sql.is_postgresql():
        return ([json.dumps(value) if type(value) is dict else value for value in row] for row in rows)
    return ([_for_sqlite(value) for value in row] for row in rows)


def moment(at: datetime) -> Any:
    """A moment as the engine takes it in a plain statement."""
    return at if sql.is_postgresql() else connection.ops.adapt_datetimefield_value(at)


def _for_sqlite(value: Any) -> Any:
    if type(value) is dict:
        return json.dumps(value)
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value


def update(
    model: type[models.Model], key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, only: str = "TRUE"
) -> None:
    """Set `columns` of the rows whose `key` equals the first value of each given row, in one statement per 2,000 rows.

    `only` narrows the target further; it is SQL from code, never from users.
    """
    table = model._meta.db_table
    fields = [next(f for f in model._meta.local_fields if f.column == name) for name in [key, *columns]]
    casts = [_cast(field) for field in fields]
    marks = "(" + ", ".join(casts) + ")"
    sets = ", ".join(f'"{name}" = v.column{number}' for number, name in enumerate(columns, start=2))
    ordered = list(_prepared(sorted(rows, key=lambda row: row[0])))
    with connection.cursor() as cursor:
        for start in range(0, len(ordered), ROWS_PER_STATEMENT):
            part = ordered[start : start + ROWS_PER_STATEMENT]
            cursor.execute(
                f'UPDATE "{table}" SET {sets} FROM (VALUES {", ".join([marks] * len(part))}) AS v '
                f'WHERE "{table}"."{key}" = v.column1 AND {only}',
                [value for row in part for value in row],
            )


def _cast(field: "models.Field[Any, Any]") -> str:
    if not sql.is_postgresql():
        return "%s"
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return f"%s::{target.rel_db_type(connection)}"
