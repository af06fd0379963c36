"""Background work of surveys: each task makes one call."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from surveys.actions import answer


@shared_task(name="surveys.settle_quiet")
def settle_quiet(**_: Any) -> int:
    """Confirm answers that nobody touched for half an hour."""
    with heartbeat.of("surveys.settle_quiet", at=now()):
        return answer.settle_quiet(at=now())
