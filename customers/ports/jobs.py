"""Background work: what runs how often, on which queue, and how much is due; the watchdog page shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery.schedules import crontab

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Due:
    """Work that waits: how many rows, and since when the oldest has been due."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """Task `task` runs `every` so often on `queue`; `due(at)` says what waits, None when it cannot be counted."""

    task: str
    label: str
    queue: str
    every: timedelta | crontab
    due: Callable[[datetime], Due | None] | None = None


registry: Registry[Job] = Registry("jobs", key=lambda item: item.task)
register, get, all = registry.register, registry.get, registry.all
