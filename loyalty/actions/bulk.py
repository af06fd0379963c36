"""Bulk statements of the ledger: ids ahead of the insert, rows by COPY."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, models

from config.kit import sql


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
        sql.insert(model._meta.db_table, columns, rows)
