"""Background work of segments: each task makes one call."""

import time
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.segments.actions import follow, refresh

BUDGET_SECONDS = 120


@shared_task(name="customers.refresh_touched_segments")
def refresh_touched_segments(**_: Any) -> int:
    """Evaluate the customers whom events have touched."""
    with heartbeat.of("customers.refresh_touched_segments", at=now()):
        return _until_empty()


def _until_empty() -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = refresh.touched(at=now())
        if not count:
            break
        total += count
    return total


@shared_task(name="customers.fill_segments")
def fill_segments(**_: Any) -> int:
    """Fill segments that are new or were edited."""
    with heartbeat.of("customers.fill_segments", at=now()):
        return follow.due(at=now())


@shared_task(name="customers.refresh_segment_windows")
def refresh_segment_windows(**_: Any) -> int:
    """Evaluate the customers whose time windows have passed."""
    with heartbeat.of("customers.refresh_segment_windows", at=now()):
        return follow.windows(at=now())


@shared_task(name="customers.refresh_segments_nightly")
def refresh_segments_nightly(**_: Any) -> bool:
    """Evaluate everything once a day and report what the quick ways had missed."""
    with heartbeat.of("customers.refresh_segments_nightly", at=now()):
        return follow.nightly(at=now())
