"""Background work of metrics: each task makes one call."""

from datetime import timedelta
from typing import Any

from celery import shared_task

from config.kit.clock import local_day, now
from customers.actions import heartbeat
from customers.queries import brand
from metrics.actions import catch_up as catching_up
from metrics.actions import score_rfm as scoring


@shared_task(name="metrics.roll_up", time_limit=7200, soft_time_limit=7000)
def roll_up(**_: Any) -> None:
    """Last night's facts when they are missing, changed days, and today so far."""
    at = now()
    with heartbeat.of("metrics.roll_up", at=at):
        catching_up.catch_up(at=at)


@shared_task(name="metrics.score_rfm", time_limit=3600, soft_time_limit=3500)
def score_rfm(**_: Any) -> None:
    """Score all buyers, once per day."""
    at = now()
    yesterday = local_day(at, brand.current().timezone) - timedelta(days=1)
    with heartbeat.of("metrics.score_rfm", at=at):
        scoring.score_once(day=yesterday, at=at)
