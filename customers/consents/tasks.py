"""Background work of consents: one call each."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from customers.actions import heartbeat
from customers.consents.actions import opt_in


@shared_task(name="customers.forget_opt_ins")
def forget_opt_ins(**_: Any) -> int:
    """Delete sign-ups that were never confirmed."""
    at = now()
    with heartbeat.of("customers.forget_opt_ins", at=at):
        return opt_in.forget_old(at=at)
