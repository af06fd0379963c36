"""Waking workers up, and what spares them time.

The work itself stands in the database, so a lost message only delays it until the next tick.
"""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


class UnknownTask(LookupError):
    """No task of that name is registered."""


def enqueue(name: str, **arguments: Any) -> None:
    """Send task `name` when the current transaction commits (at once outside of one).

    `arguments` are ids and plain values. Raises `UnknownTask` at once for a name nobody registered. When the broker does
    not answer, the call logs a line and returns: the tick that every kind of due work has will find it.
    """
    if name not in current_app.tasks:
        current_app.loader.import_default_modules()  # tasks are imported lazily; this runs every model check, so only once
        if name not in current_app.tasks:
            raise UnknownTask(name)
    transaction.on_commit(lambda: _send(name, arguments))


@contextmanager
def without_collector() -> Iterator[None]:
    """A batch makes half a million objects that go without the collector's help; its passes over them cost 15 %."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _send(name: str, arguments: dict[str, Any]) -> None:
    task = current_app.tasks[name]
    try:
        task.apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("task %s waits for its tick, the broker does not answer: %s", name, type(error).__name__)
