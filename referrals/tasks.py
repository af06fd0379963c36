"""Background work of referrals: each task makes one call."""

from datetime import timedelta
from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from referrals.actions import release, share

KEEP_NETWORKS = timedelta(days=90)


@shared_task(name="referrals.release_due")
def release_due(**_: Any) -> int:
    """Expire, check and pay what is due."""
    with heartbeat.of("referrals.release_due", at=now()):
        return release.release_due(at=now())


@shared_task(name="referrals.forget_networks")
def forget_networks(**_: Any) -> int:
    """Clear hashed networks and browsers of clicks after 90 days."""
    with heartbeat.of("referrals.forget_networks", at=now()):
        return share.forget_networks(before=now() - KEEP_NETWORKS)
