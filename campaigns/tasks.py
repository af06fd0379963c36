"""Background work of messages: each task looks for due rows in the database."""

import time
from typing import Any

from celery import shared_task

from campaigns.actions import lifecycle, sending, sweeping, system_mails
from campaigns.adapters.transport import Transport, open_transport
from config.kit.clock import now
from config.kit.queue import enqueue
from customers.actions import heartbeat

BUDGET_SECONDS = 120
_transport: list[Transport] = []


@shared_task(name="campaigns.launch_due")
def launch_due(**_: Any) -> int:
    """Plan the campaigns whose time has come."""
    with heartbeat.of("campaigns.launch_due", at=now()):
        return lifecycle.launch_due(at=now())


@shared_task(name="campaigns.send_due")
def send_due(**_: Any) -> int:
    """Send due messages until none is left or the time is up; then the next call goes on."""
    with heartbeat.of("campaigns.send_due", at=now()):
        total = _until_none_left(time.monotonic() + BUDGET_SECONDS)
        if total:
            lifecycle.close_finished(at=now())
        return total


def _until_none_left(end: float) -> int:
    if not _transport:
        _transport.append(open_transport())  # one connection per worker process, kept between calls
    total = 0
    while True:
        count = system_mails.send_batch(_transport[0], at=now())
        count += sending.send_batch(_transport[0], at=now())
        total += count
        if not count:
            return total
        if time.monotonic() >= end:
            enqueue("campaigns.send_due")
            return total


@shared_task(name="campaigns.sweep")
def sweep(**_: Any) -> int:
    """Put right what crashed workers left."""
    with heartbeat.of("campaigns.sweep", at=now()):
        at = now()
        single = system_mails.sweep(at=at, grace=sweeping.GRACE)
        return sum(sweeping.sweep(at=at).values()) + sum(single.values())
