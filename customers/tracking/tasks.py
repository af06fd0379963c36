"""Background work of the tracking plan: each task makes one call."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.tracking.actions import attributes, fold


@shared_task(name="customers.fold_tracking")
def fold_tracking(**_: Any) -> int:
    """Fold what batches of events held into the tracking plan."""
    with heartbeat.of("customers.fold_tracking", at=now()):
        return fold.waiting(at=now())


@shared_task(name="customers.count_attributes")
def count_attributes(**_: Any) -> int | None:
    """Count who has which attribute, once a day."""
    with heartbeat.of("customers.count_attributes", at=now()):
        return attributes.nightly(at=now())
