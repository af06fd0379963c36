"""Background work of the ingest API: each task makes one call."""

import time
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.ingest.actions import hold, strangers, take_in

BUDGET_SECONDS = 240
STRANGER_DAYS = 90


@shared_task(name="customers.take_in_batches")
def take_in_batches(**_: Any) -> int:
    """Take in the messages that wait."""
    with heartbeat.of("customers.take_in_batches", at=now()):
        return _until_empty()


def _until_empty() -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = take_in.take_in(at=now())
        if not count:
            break
        total += count
    return total


@shared_task(name="customers.tidy_ingest")
def tidy_ingest(**_: Any) -> dict[str, int]:
    """Try held messages again, and forget old refused messages and old strangers."""
    at = now()
    with heartbeat.of("customers.tidy_ingest", at=at):
        taken, held = hold.retry(at=at)
        refused = hold.forget_refused(at=at)
        return {"taken": taken, "held": held, "refused": refused, "strangers": strangers.forget(days=STRANGER_DAYS, at=at)}
