"""The nightly check of MRR: movements roll forward, and come to what subscriptions and customers show."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from customers.actions import heartbeat
from customers.commerce.actions import movements
from customers.commerce.queries import settings
from customers.models import JobRun

JOB = "customers.check_movements"
SQL = Path(__file__).resolve().parent.parent / "sql"


def check(*, period: str, at: datetime) -> dict[str, Any] | None:
    """Derive again what does not add up, once per `period`; returns the summary, None when it was done before.

    For each customer: start + movements = end over the whole history, and the end is the sum of the subscriptions that
    count and the MRR that the customer's figures show.
    """
    with transaction.atomic():
        if not heartbeat.claim_period(JOB, period=period, at=at):
            return None
        wrong = drifted()
        movements.rebuild(wrong, at=at)
        summary = {"customers corrected": len(wrong), "customers still wrong": len(drifted())}
        JobRun.objects.filter(job=JOB, period=period).update(summary=summary, finished_at=at)
    return summary


def drifted() -> list[int]:
    """Customers whose movements do not add up."""
    at_once = "AND s.cancel_at IS NULL" if settings.policy().at_once else ""
    with connection.cursor() as cursor:
        cursor.execute((SQL / "drifted_mrr.sql").read_text().format(only=at_once))
        return [row[0] for row in cursor.fetchall()]
