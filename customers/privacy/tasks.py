"""Background work of this package: each task makes one call."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.privacy.actions import requests, retention


@shared_task(name="customers.answer_data_requests")
def answer_data_requests(**_: Any) -> int:
    """Build the copies and carry out the erasures that are due."""
    with heartbeat.of("customers.answer_data_requests", at=now()):
        return requests.answer_due(at=now())


@shared_task(name="customers.apply_retention")
def apply_retention(**_: Any) -> dict[str, int]:
    """Remove what is older than its rule says."""
    with heartbeat.of("customers.apply_retention", at=now()):
        return retention.apply(at=now())
