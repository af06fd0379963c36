"""Blocks that may only take so long, or only read: for statements that people put together on a page."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import OperationalError, connection, transaction

from config.kit.sql.engine import is_postgresql


class TookTooLong(Exception):
    """The statement ran into its time limit."""


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


STEPS = 10_000  # of SQLite's machine between two looks at the clock: well below a millisecond


@contextmanager
def read_only(seconds: float | None = None) -> Iterator[None]:
    """Run a block that cannot write; each of its statements may take `seconds` (SQLite: all of them together).

    Raises `TookTooLong`; a write raises the database's own error. Whatever the transaction around the block was allowed to
    do, it may do again afterwards.
    """
    with _on_postgresql(seconds) if is_postgresql() else _on_sqlite(seconds):
        yield


@contextmanager
def _on_postgresql(seconds: float | None) -> Iterator[None]:
    """A transaction (or savepoint) that is rolled back: there is nothing in it to keep, and with it go its settings.

    PostgreSQL refuses to make a read-only transaction writable again in any other way.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('transaction_read_only', 'on', true)")
                if seconds is not None:
                    limit = f"{max(int(seconds * 1000), 1)}ms"
                    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
            yield
            transaction.set_rollback(True)
    except OperationalError as error:
        if "statement timeout" in str(error):
            raise TookTooLong from error
        raise


@contextmanager
def _on_sqlite(seconds: float | None) -> Iterator[None]:
    """A connection that refuses to write, and a look at the clock while statements run."""
    connection.ensure_connection()
    raw = connection.connection  # asked directly: after an error Django answers nothing until the transaction is over
    was = raw.execute("PRAGMA query_only").fetchone()[0]
    raw.execute("PRAGMA query_only = 1")
    end = None if seconds is None else time.monotonic() + seconds
    if end is not None:
        raw.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        # a savepoint keeps an error from ending the transaction around; without one, BEGIN would take the write lock
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            yield
    except OperationalError as error:
        if str(error) == "interrupted":
            raise TookTooLong from error
        raise
    finally:
        if end is not None:
            raw.set_progress_handler(None, 0)
        raw.execute(f"PRAGMA query_only = {int(was)}")
