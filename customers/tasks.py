"""Background work of the first floor: each task makes one call."""

import time
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat, reconcile, timeline
from customers.imports.actions import jobs as imports

BUDGET_SECONDS = 240


@shared_task(name="customers.process_events")
def process_events(**_: Any) -> int:
    """Empty the timeline's inbox."""
    with heartbeat.of("customers.process_events", at=now()):
        return _until_empty()


def _until_empty() -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = timeline.process_batch(at=now())
        if not count:
            break
        total += count
    return total


@shared_task(name="customers.reconcile_facts")
def reconcile_facts(**_: Any) -> dict[str, Any] | None:
    """Compare facts and counts with the truth, and forget old uploads."""
    at = now()
    with heartbeat.of("customers.reconcile_facts", at=at):
        imports.forget_files(at=at)
        return reconcile.reconcile(period=at.date().isoformat(), at=at)
