"""Background work of stages: each task makes one call."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.stages.actions import everybody, usage


@shared_task(name="customers.run_standings")
def run_standings(**_: Any) -> int:
    """Look at everybody again after rules were changed."""
    with heartbeat.of("customers.run_standings", at=now()):
        return everybody.due(at=now())


@shared_task(name="customers.check_standings")
def check_standings(**_: Any) -> dict[str, int] | None:
    """Compare everybody with the rules once a day and report what the quick ways had missed."""
    with heartbeat.of("customers.check_standings", at=now()):
        return everybody.nightly(at=now())


@shared_task(name="customers.count_usage")
def count_usage(**_: Any) -> int:
    """Count days of use: everybody when the day is new, else who did something new."""
    with heartbeat.of("customers.count_usage", at=now()):
        return usage.due(at=now())
