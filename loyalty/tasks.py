"""Background work of the loyalty programme: each task makes one call until nothing is due."""

import time
from collections.abc import Callable
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from loyalty.actions import rewards, settle, tiers

BUDGET_SECONDS = 240


@shared_task(name="loyalty.settle_due")
def settle_due(**_: Any) -> int:
    """Pending points become active, ended points expire."""
    with heartbeat.of("loyalty.settle_due", at=now()):
        return _until_none(settle.settle_due)


@shared_task(name="loyalty.review_tiers")
def review_tiers(**_: Any) -> int:
    """Keep or lower tiers whose period is over."""
    with heartbeat.of("loyalty.review_tiers", at=now()):
        return _until_none(tiers.review_due)


@shared_task(name="loyalty.refresh_metrics")
def refresh_metrics(**_: Any) -> int:
    """Move the window of the tier metric on by a day."""
    with heartbeat.of("loyalty.refresh_metrics", at=now()):
        return tiers.refresh_metrics(at=now())


@shared_task(name="loyalty.align_tiers")
def align_tiers(**_: Any) -> int:
    """Carry out a change of the tier rules."""
    with heartbeat.of("loyalty.align_tiers", at=now()):
        return _until_none(tiers.align)


@shared_task(name="loyalty.expire_codes")
def expire_codes(**_: Any) -> int:
    """End reward codes whose time is over."""
    with heartbeat.of("loyalty.expire_codes", at=now()):
        return rewards.expire_codes(at=now())


def _until_none(step: Callable[..., int]) -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = step(at=now())
        if not count:
            break
        total += count
    return total
