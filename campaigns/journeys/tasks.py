"""Background work of journeys: each task makes one call."""

from typing import Any

from celery import shared_task

from campaigns.journeys.actions import advance, dated
from config.kit.clock import now
from customers.actions import heartbeat


@shared_task(name="campaigns.advance_journeys")
def advance_journeys(**_: Any) -> int:
    """Take every journey step that is due."""
    at = now()
    with heartbeat.of("campaigns.advance_journeys", at=at):
        return advance.advance(at=at)


@shared_task(name="campaigns.enter_dated_journeys")
def enter_dated_journeys(**_: Any) -> int:
    """Let people in for whom today is the day, such as 30 days before their renewal."""
    at = now()
    with heartbeat.of("campaigns.enter_dated_journeys", at=at):
        return dated.enter(at=at)
