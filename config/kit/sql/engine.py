"""Which engine it is, what its errors mean, and its locks."""

import zlib
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection, models, transaction

from config.kit.sql.columns import quoted

M = TypeVar("M", bound=models.Model)


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


def analyze(*changed: type[models.Model]) -> None:
    """Tell PostgreSQL's planner about rows that came in bulk: until autovacuum has looked, it plans for an empty table."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {quoted(model._meta.db_table for model in changed)}")
