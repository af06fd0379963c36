"""What PostgreSQL and SQLite do differently, each behind one function with a test on both engines."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import DatabaseError, InterfaceError, OperationalError, connection, models, transaction

M = TypeVar("M", bound=models.Model)


class TookTooLong(Exception):
    """The statement ran into its time limit."""


# Classes of SQLSTATE that have nothing to do with the statement: connection, rollback (deadlock, serialisation), resources,
# lock not available, operator intervention.
PASSING = ("08", "40", "53", "55", "57P")


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def is_passing(error: DatabaseError | InterfaceError) -> bool:
    """Whether the same work may succeed when it is tried again: a lost connection, a deadlock, a locked or full server.

    Anything else (a value out of range, a statement too complex, a broken index) fails every time.
    """
    state = getattr(error.__cause__, "sqlstate", None)
    if state:
        return str(state).startswith(PASSING)
    return isinstance(error, InterfaceError) or "locked" in str(error) or is_postgresql()


def for_update(queryset: models.QuerySet[M], *, skip_locked: bool = False) -> models.QuerySet[M]:
    """Lock the rows of a queryset until the transaction ends; SQLite's one writer needs no row lock.

    On PostgreSQL it is FOR NO KEY UPDATE, so that inserts of referencing rows go on meanwhile.
    """
    if not is_postgresql():
        return queryset
    return queryset.select_for_update(skip_locked=skip_locked, no_key=True, of=("self",))


def try_lock(name: str) -> bool:
    """Take the named lock until the transaction ends; False when somebody holds it.

    SQLite: a transaction is IMMEDIATE, so whoever is here already holds the only write lock.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("try_lock needs a transaction: the lock ends with it")
    if not is_postgresql():
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])
        return bool(cursor.fetchone()[0])


def lock(name: str) -> None:
    """Take the named lock of `try_lock`, waiting for whoever holds it."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("lock needs a transaction: the lock ends with it")
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])


@contextmanager
def statement_timeout(seconds: float) -> Iterator[None]:
    """Run a block whose statements may take `seconds` each; raises `TookTooLong` (PostgreSQL; SQLite has no limit)."""
    if not is_postgresql():
        yield
        return
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
            yield
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if "statement timeout" in str(error):
            raise TookTooLong from error
        raise


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows of plain values as fast as the engine can (COPY, or executemany); returns how many. A conflict raises.

    `table` and `columns` are names from code, never from users.
    """
    count = 0
    with connection.cursor() as cursor:
        if is_postgresql():
            with cursor.copy(f'COPY "{table}" ({_names(columns)}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row([json.dumps(value) if type(value) is dict else value for value in row])
                    count += 1
            return count
        listed = [[_for_sqlite(value) for value in row] for row in rows]
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f'INSERT INTO "{table}" ({_names(columns)}) VALUES ({marks})', listed)
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
    names = _names(field.column for field in fields)
    with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
        copy.set_types([_copy_type(field) for field in fields])
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
    names = _names(field.column for field in fields)
    key, box_key = _column(model, unique), _column(inbox, "pk")
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


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return str(field.column)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _insert_values(table: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]], tail: str) -> list[Any]:
    """Multi-row VALUES in statements of limited size, for SQLite; returns what `tail` returns."""
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    limit = 30_000 // len(fields)
    returned: list[Any] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), limit):
            part = rows[start : start + limit]
            values = [_for_sqlite(value) for row in part for value in row]
            cursor.execute(
                f'INSERT INTO "{table}" ({_names(field.column for field in fields)}) '
                f"VALUES {', '.join([marks] * len(part))} {tail}",
                values,
            )
            if "RETURNING" in tail:
                returned += cursor.fetchall()
    return returned


def _for_sqlite(value: Any) -> Any:
    """A plain value as Django stores it in SQLite; asking each field for it costs five times as much."""
    kind = type(value)
    if kind is datetime:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    if kind is dict or kind is list:
        return json.dumps(value)
    if kind is UUID:
        return value.hex
    return value.isoformat() if kind is date else value


@contextmanager
def _staged(cursor: Any, table: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """A temporary table of these columns, filled by binary COPY; PostgreSQL only. It is empty again after the block."""
    names = _names(field.column for field in fields)
    staging = f"{table}_{zlib.crc32(names.encode()):08x}"
    cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{staging}" AS SELECT {names} FROM "{table}" LIMIT 0')
    _copy(cursor, staging, fields, rows)
    yield staging
    cursor.execute(f'TRUNCATE "{staging}"')


def _copy_type(field: Any) -> str:
    kind = field.db_type(connection).split("(")[0]
    return COPY_TYPES.get(kind, kind)


COPY_TYPES = {
    "bigint": "int8", "integer": "int4", "smallint": "int2", "varchar": "text", "timestamp with time zone": "timestamptz",
    "boolean": "bool", "double precision": "float8",
}  # fmt: skip


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
    names, tail = _names(columns), f"ON CONFLICT DO NOTHING RETURNING {_names(returning)}"
    if not is_postgresql():
        return _insert_values(table, fields, rows, tail)
    with connection.cursor() as cursor, _staged(cursor, table, fields, rows) as staging:
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}" {tail}')
        return cursor.fetchall()


def fetch(queryset: "models.QuerySet[Any, Any]") -> list[tuple[Any, ...]]:
    """The rows of a `values_list` query, values as the driver gives them: JSON parsed, times aware in UTC.

    On PostgreSQL by the binary protocol: reading two times, a JSON and a UUID per row is three times as fast as text.
    """
    if not is_postgresql():
        return list(queryset)
    return _fetch_binary(*queryset.query.sql_with_params())


def _fetch_binary(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    import psycopg
    from psycopg.types.json import set_json_loads

    with connection.cursor():  # opens the connection, within the transaction as it stands
        pass
    # Wrapped, so that a deadlock here is seen as what it is (`is_passing`), as from every other statement.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        set_json_loads(_loads, cursor)
        return cursor.execute(statement, parameters, binary=True).fetchall()


def _loads(text: bytes | str) -> Any:
    """JSON by the fast reader; what it refuses and PostgreSQL does not (numbers beyond a float) by the plain one."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


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
        values = [[_for_sqlite(value) for value in (*row[1:], row[0])] for row in ordered]
        cursor.executemany(f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s AND {only}', values)


def analyze(*changed: type[models.Model]) -> None:
    """Tell PostgreSQL's planner about rows that came in bulk: until autovacuum has looked, it plans for an empty table."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {_names(model._meta.db_table for model in changed)}")


def take(inbox: type[models.Model], limit: int, *, of: type[models.Model], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Delete up to `limit` rows of an inbox, lowest keys first; returns `columns` (field names) of the rows of `of` whose
    primary keys they are, in that order. In the caller's transaction.

    Rows that another worker is taking are passed over. When the transaction is rolled back the rows are there again.
    """
    table, key, target = inbox._meta.db_table, _column(inbox, "pk"), of._meta.db_table
    if is_postgresql():
        names = ", ".join(f't."{_column(of, name)}"' for name in columns)
        # ANY(ARRAY(…)) is evaluated once; a plain IN (… LIMIT … FOR UPDATE) may be evaluated again per row. A locked row
        # stays where it is, so its place (ctid) finds it without the index.
        places = f'SELECT ctid FROM "{table}" ORDER BY "{key}" LIMIT %s FOR UPDATE SKIP LOCKED'
        return _fetch_binary(
            f'WITH taken AS (DELETE FROM "{table}" WHERE ctid = ANY(ARRAY({places})) '
            f'RETURNING "{key}" AS id) SELECT {names} FROM taken JOIN "{target}" t USING (id) ORDER BY t.id',
            [limit],
        )
    chosen = f'SELECT "{key}" FROM "{table}" ORDER BY "{key}" LIMIT %s'
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}" WHERE "{key}" IN ({chosen}) RETURNING "{key}"', [limit])
        ids = {row[0] for row in cursor.fetchall()}
    return list(of._default_manager.filter(pk__among=ids).order_by("pk").values_list(*columns)) if ids else []


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    """`filter(customer__among=ids)`: like `__in` for a list of integers, but one parameter however long the list.

    A set or the keys of a dictionary are cheapest: Django looks at each member of a list. On PostgreSQL the array has the
    type of the column: for an array of another whole-number type there is no hashing, and each row of a scan is compared
    with each member (1,800 ids beside 15,000 rows: 190 ms instead of 5).
    """

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        if connection.vendor != "postgresql":
            return "%s", [json.dumps(list(value))]
        kind = self.lhs.output_field.rel_db_type(connection) if hasattr(self.lhs, "output_field") else ""
        if kind in WHOLE_NUMBERS:
            return f"%s::{kind}[]", ["{" + ",".join(map(str, value)).replace("None", "NULL") + "}"]
        return "%s", [list(value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        mark, right_params = self.get_db_prep_lookup(self.rhs, connection)
        right = f"= ANY({mark})" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
        return f"{left} {right}", [*left_params, *right_params]


WHOLE_NUMBERS = frozenset({"bigint", "integer", "smallint"})


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
    tail = f"ON CONFLICT ({_names(keys)}) {action}"
    if not is_postgresql():
        _insert_values(table, fields, rows, tail)
        return
    names = _names(field.column for field in fields)
    with connection.cursor() as cursor, _staged(cursor, table, fields, rows) as staging:
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{staging}" ORDER BY {_names(keys)} {tail}')
