"""Background work of sources: each task makes one call."""

import time
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.models import Connection
from customers.sources.actions import pull, take_in

BUDGET_SECONDS = 240


@shared_task(name="customers.take_in_deliveries")
def take_in_deliveries(**_: Any) -> int:
    """Take in the webhooks that are due."""
    with heartbeat.of("customers.take_in_deliveries", at=now()):
        return _until_empty()


def _until_empty() -> int:
    end, total = time.monotonic() + BUDGET_SECONDS, 0
    while time.monotonic() < end:
        count = take_in.due(at=now())
        if not count:
            break
        total += count
    return total


@shared_task(name="customers.reconcile_sources")
def reconcile_sources(**_: Any) -> int:
    """Compare with Stripe and Shopify once a night."""
    with heartbeat.of("customers.reconcile_sources", at=now()):
        return pull.nightly(at=now())


@shared_task(name="customers.check_source")
def check_source(connection_id: int, **_: Any) -> bool:
    """Compare one connection now, because staff asked for it."""
    source = Connection.objects.filter(pk=connection_id, is_active=True).exclude(api_token="").first()
    at = now()
    return source is not None and pull.check(source, period=at.isoformat(timespec="seconds"), at=at) is not None
