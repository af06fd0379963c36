"""Background work of segments: each task makes one call, again and again while there is work and time."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.segments.actions import follow, list_uploads, night, refresh

BUDGET_SECONDS = 120
LONG_SECONDS = 600


def _until_done(work: Callable[[datetime], int], seconds: float) -> int:
    """The sum of what `work` returns, called with a fresh moment until it returns 0 or the time is over."""
    end, total = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        count = work(now())
        if not count:
            break
        total += count
    return total


@shared_task(name="customers.refresh_touched_segments")
def refresh_touched_segments(**_: Any) -> int:
    """Evaluate the customers whom events have touched."""
    with heartbeat.of("customers.refresh_touched_segments", at=now()):
        return _until_done(lambda at: refresh.touched(at=at), BUDGET_SECONDS)


@shared_task(name="customers.work_list_uploads")
def work_list_uploads(**_: Any) -> int:
    """Read long lists and carry them out, and forget old files."""
    with heartbeat.of("customers.work_list_uploads", at=now()):
        list_uploads.forget(at=now())
        return sum(bool(list_uploads.work(upload_id, clock=now)) for upload_id in list_uploads.due_ids(now()))


@shared_task(name="customers.fill_segments")
def fill_segments(**_: Any) -> int:
    """Fill segments that are new, edited or to be tried again, one after the other."""
    with heartbeat.of("customers.fill_segments", at=now()):
        return _until_done(lambda at: follow.due(at=at, limit=1), LONG_SECONDS)


@shared_task(name="customers.refresh_segment_windows")
def refresh_segment_windows(**_: Any) -> int:
    """Evaluate the customers whose time windows have passed."""
    with heartbeat.of("customers.refresh_segment_windows", at=now()):
        return follow.windows(at=now())


@shared_task(name="customers.refresh_segments_nightly")
def refresh_segments_nightly(**_: Any) -> int:
    """Check segments in full, once a day, and report what the quick ways had missed; goes on where it was."""
    with heartbeat.of("customers.refresh_segments_nightly", at=now()):
        return _until_done(lambda at: int(night.step(at=at)), LONG_SECONDS)
