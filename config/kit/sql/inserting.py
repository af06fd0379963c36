"""Many rows in at once."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

from config.kit.sql.columns import column_of, copy_type, for_sqlite, quoted
from config.kit.sql.engine import is_postgresql


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows of plain values as fast as the engine can (COPY, or executemany); returns how many. A conflict raises.

    `table` and `columns` are names from code, never from users.
    """
    count = 0
    with connection.cursor() as cursor:
        if is_postgresql():
            with cursor.copy(f'COPY "{table}" ({quoted(columns)}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row([json.dumps(value) if type(value) is dict else value for value in row])
                    count += 1
            return count
        listed = [[for_sqlite(value) for value in row] for row in rows]
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f'INSERT INTO "{table}" ({quoted(columns)}) VALUES ({marks})', listed)
        return len(listed)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Like `insert`, into `columns` (as in the table) of a model: on PostgreSQL by binary COPY, which neither side parses.

    A JSON column takes the value itself, not its text.
    """
    if not is_postgresql():
        insert(model._meta.db_table, columns, rows)
        return
    known = {field.column: field for field in model._meta.concrete_fields}
    with connection.cursor() as cursor:
        _copy(cursor, model._meta.db_table, [known[name] for name in columns], rows)


def _copy(cursor: Any, table: str, fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    names = quoted(field.column for field in fields)
    with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
        copy.set_types([copy_type(field) for field in fields])
        write = copy.write_row
        for row in rows:
            write(row)


def reserve_ids(model: type[models.Model], count: int, *, after: int = 0) -> Iterator[int]:
    """Ids of rows that are about to be inserted, so that rows which point at them can be made at once.

    PostgreSQL takes them from the sequence; on SQLite the caller's transaction holds the only write lock, so what
    follows the last id is free; `after` is the last one reserved but not yet written.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
            return iter([row[0] for row in cursor.fetchall()])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last = max(found[0] if found else 0, after)
    return iter(range(last + 1, last + count + 1))


def insert_new(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    unique: str,
    inbox: type[models.Model],
) -> int:
    """Insert rows whose `unique` column is not taken yet, and a row of `inbox` (a one-to-one model) for each new one.

    `columns` are field names, a row holds plain values in that order. On PostgreSQL both inserts are one statement over a
    staging table (4 times as fast as VALUES). Returns how many are new.
    """
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    table, box = model._meta.db_table, inbox._meta.db_table
    names = quoted(field.column for field in fields)
    key, box_key = column_of(model, unique), column_of(inbox, "pk")
    ignore = f'ON CONFLICT ("{key}") DO NOTHING RETURNING id'
    if not is_postgresql():
        new = _insert_values(table, fields, rows, ignore)
        insert(box, [box_key], new)
        return len(new)
    with connection.cursor() as cursor, _staged(cursor, table, fields, rows) as staging:
        cursor.execute(
            f'WITH fresh AS (INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}" {ignore}) '
            f'INSERT INTO "{box}" ("{box_key}") SELECT id FROM fresh'
        )
        return int(cursor.rowcount)


def _insert_values(table: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]], tail: str) -> list[Any]:
    """Multi-row VALUES in statements of limited size, for SQLite; returns what `tail` returns."""
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    limit = 30_000 // len(fields)
    returned: list[Any] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), limit):
            part = rows[start : start + limit]
            values = [for_sqlite(value) for row in part for value in row]
            cursor.execute(
                f'INSERT INTO "{table}" ({quoted(field.column for field in fields)}) '
                f"VALUES {', '.join([marks] * len(part))} {tail}",
                values,
            )
            if "RETURNING" in tail:
                returned += cursor.fetchall()
    return returned


@contextmanager
def _staged(cursor: Any, table: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """A temporary table of these columns, filled by binary COPY; PostgreSQL only. It is empty again after the block."""
    names = quoted(field.column for field in fields)
    staging = f"{table}_{zlib.crc32(names.encode()):08x}"
    cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{staging}" AS SELECT {names} FROM "{table}" LIMIT 0')
    _copy(cursor, staging, fields, rows)
    yield staging
    cursor.execute(f'TRUNCATE "{staging}"')


def insert_returning(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, returning: Sequence[str]
) -> list[tuple[Any, ...]]:
    """`INSERT … ON CONFLICT DO NOTHING RETURNING …` of rows of plain values; returns what is new.

    `columns` and `returning` are columns of the table.
    """
    if not rows:
        return []
    table = model._meta.db_table
    known = {field.column: field for field in model._meta.concrete_fields}
    fields = [known[name] for name in columns]
    names, tail = quoted(columns), f"ON CONFLICT DO NOTHING RETURNING {quoted(returning)}"
    if not is_postgresql():
        return _insert_values(table, fields, rows, tail)
    with connection.cursor() as cursor, _staged(cursor, table, fields, rows) as staging:
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}" {tail}')
        return cursor.fetchall()


def update_many(
    model: type[models.Model], key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, only: str = "TRUE"
) -> None:
    """Set `columns` of the rows whose `key` equals the first value of each given row, all of them in one statement.

    Names are columns of the table; a row holds plain values in the order `key, *columns`. `only` narrows the target
    further; it is SQL from code, never from users.
    """
    if not rows:
        return
    table = model._meta.db_table
    known = {field.column: field for field in model._meta.concrete_fields}
    fields = [known[name] for name in [key, *columns]]
    ordered = sorted(rows, key=lambda row: row[0])
    with connection.cursor() as cursor:
        if is_postgresql():
            sets = ", ".join(f'"{name}" = v."{name}"' for name in columns)
            with _staged(cursor, table, fields, ordered) as staging:
                cursor.execute(
                    f'UPDATE "{table}" SET {sets} FROM "{staging}" v WHERE "{table}"."{key}" = v."{key}" AND {only}'
                )
            return
        sets = ", ".join(f'"{name}" = %s' for name in columns)
        values = [[for_sqlite(value) for value in (*row[1:], row[0])] for row in ordered]
        cursor.executemany(f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s AND {only}', values)


def insert_ignoring(table: str, names: str, rows: Sequence[Sequence[Any]]) -> int:
    """`INSERT … ON CONFLICT DO NOTHING` of rows of prepared values in few statements; returns how many are new."""
    if not rows:
        return 0
    width = len(rows[0])
    limit = 30_000 // width
    inserted = 0
    with connection.cursor() as cursor:
        for start in range(0, len(rows), limit):
            part = rows[start : start + limit]
            marks = ", ".join(["(" + ", ".join(["%s"] * width) + ")"] * len(part))
            values = [value for row in part for value in row]
            cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES {marks} ON CONFLICT DO NOTHING', values)
            inserted += max(cursor.rowcount, 0)
    return inserted


def add_up(
    model: type[models.Model],
    *,
    key: Sequence[str],
    rows: Sequence[Sequence[Any]],
    add: Sequence[str] = (),
    least: Sequence[str] = (),
    greatest: Sequence[str] = (),
    replace: Sequence[str] = (),
    defaults: dict[str, Any] | None = None,
) -> None:
    """Fold rows into per-key counters in one upsert: sums are added, minima and maxima widened, others replaced.

    A row holds the values of `key + add + least + greatest + replace`, in this order, one row per key; `defaults` are
    constants for further columns of a new row. Sums, minima and maxima are commutative, so batches may arrive in any
    order. Rows go in sorted by key, so that several workers lock them in one order.
    """
    if not rows:
        return
    columns = [*key, *add, *least, *greatest, *replace]
    constants = defaults or {}
    fields: list[Any] = [model._meta.get_field(name) for name in [*columns, *constants]]
    db = [field.column for field in fields][: len(columns)]
    table = model._meta.db_table
    smallest, largest = ("LEAST", "GREATEST") if is_postgresql() else ("min", "max")
    sets = []
    for name, column in zip(columns[len(key) :], db[len(key) :], strict=True):
        old, new = f'"{table}"."{column}"', f'excluded."{column}"'
        if name in add:
            sets.append(f'"{column}" = {old} + {new}')
        elif name in least:
            sets.append(f'"{column}" = {smallest}(COALESCE({old}, {new}), COALESCE({new}, {old}))')
        elif name in greatest:
            sets.append(f'"{column}" = {largest}(COALESCE({old}, {new}), COALESCE({new}, {old}))')
        else:
            sets.append(f'"{column}" = {new}')
    extra = list(constants.values())
    if extra:
        rows = [[*row, *extra] for row in rows]
    upsert(table, fields, db[: len(key)], sets, rows)


def upsert(
    table: str, fields: Sequence[Any], keys: Sequence[str], sets: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows of plain values; where `keys` (columns) are taken, apply the `sets` clauses instead, ordered by keys."""
    action = "DO UPDATE SET " + ", ".join(sets) if sets else "DO NOTHING"
    tail = f"ON CONFLICT ({quoted(keys)}) {action}"
    if not is_postgresql():
        _insert_values(table, fields, rows, tail)
        return
    names = quoted(field.column for field in fields)
    with connection.cursor() as cursor, _staged(cursor, table, fields, rows) as staging:
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}" ORDER BY {quoted(keys)} {tail}')
