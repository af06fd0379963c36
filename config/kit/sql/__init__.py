"""What PostgreSQL and SQLite do differently, each behind one function with a test on both engines."""

from config.kit.sql.engine import analyze, for_update, is_passing, is_postgresql, lock, try_lock
from config.kit.sql.inserting import (
    add_up,
    insert,
    insert_ignoring,
    insert_new,
    insert_returning,
    insert_rows,
    reserve_ids,
    update_many,
    upsert,
)
from config.kit.sql.limits import TookTooLong, read_only, statement_timeout
from config.kit.sql.reading import Among, fetch, take

__all__ = [
    "Among",
    "TookTooLong",
    "add_up",
    "analyze",
    "fetch",
    "for_update",
    "insert",
    "insert_ignoring",
    "insert_new",
    "insert_returning",
    "insert_rows",
    "is_passing",
    "is_postgresql",
    "lock",
    "read_only",
    "reserve_ids",
    "statement_timeout",
    "take",
    "try_lock",
    "update_many",
    "upsert",
]
