"""A Celery broker in one SQLite file, for the embedded default.

Kombu's filesystem transport loses messages when a worker reads a file that is still being written, and its SQLAlchemy
transport is slow; this one keeps each message as a row, marks it taken, and deletes it on acknowledgement.
`recover()` hands taken messages out again: the launcher calls it before the first worker starts.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable
from queue import Empty
from typing import Any

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

SCHEMA = """CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, tag TEXT NOT NULL, payload TEXT NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_waiting ON message (queue, id) WHERE taken = 0;
CREATE INDEX IF NOT EXISTS message_tag ON message (tag);"""

_connections: dict[tuple[int, str], tuple[sqlite3.Connection, threading.RLock]] = {}
_opening = threading.Lock()


def _open(path: str) -> tuple[sqlite3.Connection, threading.RLock]:
    """One connection per process and file (a fork must never reuse its parent's), with the lock that guards it."""
    key = (os.getpid(), path)
    with _opening:
        if key not in _connections:
            connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(SCHEMA)
            _connections[key] = (connection, threading.RLock())
        return _connections[key]


def recover(path: str) -> int:
    """Put every taken message back into its queue; returns how many. Call it only while no worker runs."""
    connection, lock = _open(path)
    with lock:
        return connection.execute("UPDATE message SET taken = 0 WHERE taken = 1").rowcount


class QoS(virtual.QoS):
    """Forgets a message for good once it is acknowledged."""

    def ack(self, delivery_tag: str) -> None:
        self.channel.forget(delivery_tag)  # type: ignore[attr-defined]
        super().ack(delivery_tag)


class Channel(virtual.Channel):
    """Queues as rows of one table."""

    QoS = QoS
    supports_fanout = False

    @property
    def path(self) -> str:
        options: dict[str, Any] = self.connection.client.transport_options  # type: ignore[union-attr, assignment]
        return str(options["path"])

    def _run(self, sql: str, *args: Any) -> sqlite3.Cursor:
        connection, lock = _open(self.path)
        with lock:
            return connection.execute(sql, args)

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        tag = message["properties"]["delivery_tag"]
        self._run("INSERT INTO message (queue, tag, payload) VALUES (?, ?, ?)", queue, tag, dumps(message))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        connection, lock = _open(self.path)
        with lock:
            # A read first: an idle worker takes no write lock.
            if not connection.execute("SELECT 1 FROM message WHERE queue = ? AND taken = 0 LIMIT 1", (queue,)).fetchone():
                raise Empty
            row = connection.execute(
                "UPDATE message SET taken = 1 WHERE id = "
                "(SELECT id FROM message WHERE queue = ? AND taken = 0 ORDER BY id LIMIT 1) AND taken = 0 "
                "RETURNING payload",
                (queue,),
            ).fetchall()
        if not row:
            raise Empty
        return loads(row[0][0])

    def forget(self, delivery_tag: str) -> None:
        self._run("DELETE FROM message WHERE tag = ?", delivery_tag)

    def _restore(self, message: Any) -> None:
        self._run("UPDATE message SET taken = 0 WHERE tag = ?", message.delivery_tag)

    def _size(self, queue: str) -> int:
        return int(self._run("SELECT count(*) FROM message WHERE queue = ?", queue).fetchone()[0])

    def _purge(self, queue: str) -> int:
        return self._run("DELETE FROM message WHERE queue = ? AND taken = 0", queue).rowcount

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return True


class Transport(virtual.Transport):
    """Kombu transport `sqlitebroker://`; option `path` names the file."""

    Channel = Channel
    driver_type = driver_name = "sqlite"
    polling_interval = 0.05
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset(["direct", "topic"]))

    def driver_version(self) -> str:
        return sqlite3.sqlite_version

    def establish_connection(self) -> Any:
        options: dict[str, Any] = self.client.transport_options or {}  # type: ignore[union-attr]
        self.polling_interval = options.get("polling_interval", 0.05)
        return super().establish_connection()


def queues(path: str) -> Iterable[tuple[str, int]]:
    """Waiting messages per queue, for the watchdog page."""
    connection, lock = _open(path)
    with lock:
        return connection.execute("SELECT queue, count(*) FROM message GROUP BY queue ORDER BY queue").fetchall()
