"""Background work of commerce: each task makes one call."""

import time
from typing import Any

from celery import shared_task

from config.kit.clock import local_day, now
from customers.actions import heartbeat
from customers.commerce.actions import check, counting, subscriptions
from customers.queries import brand

BUDGET_SECONDS = 120


@shared_task(name="customers.end_subscriptions")
def end_subscriptions(**_: Any) -> int:
    """End subscriptions whose scheduled end has come."""
    with heartbeat.of("customers.end_subscriptions", at=now()):
        return _until_empty(lambda: subscriptions.end_due(at=now()))


@shared_task(name="customers.rebuild_movements")
def rebuild_movements(**_: Any) -> int:
    """Derive the movements of MRR again after a change of the settings."""
    with heartbeat.of("customers.rebuild_movements", at=now()):
        return _until_empty(lambda: counting.rebuild_next(at=now()))


@shared_task(name="customers.check_movements")
def check_movements(**_: Any) -> dict[str, Any] | None:
    """Check every night that the movements add up."""
    with heartbeat.of("customers.check_movements", at=now()):
        return check.check(period=local_day(now(), brand.current().timezone).isoformat(), at=now())


def _until_empty(step: Any) -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = step()
        if not count:
            break
        total += count
    return total
