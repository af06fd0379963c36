"""Signs of life, and jobs that run once per period."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from customers.models import Heartbeat, JobRun


@contextmanager
def of(job: str, *, at: datetime) -> Iterator[None]:
    """Note that `job` ran at this moment, and whether it raised."""
    try:
        yield
    except Exception as error:
        Heartbeat.objects.update_or_create(
            job=job, defaults={"beat_at": at, "error": f"{type(error).__name__}: {error}"[:2000]}
        )
        raise
    Heartbeat.objects.update_or_create(job=job, defaults={"beat_at": at, "ok_at": at, "error": ""})


def claim_period(job: str, *, period: str, at: datetime) -> bool:
    """True for the first caller of a job and period ("2026-11-21"), False for every later one: the key is unique.

    Call it in the transaction of the work itself: when that fails, the claim is taken back with it.
    """
    with transaction.atomic():
        _, created = JobRun.objects.get_or_create(job=job, period=period, defaults={"started_at": at})
    return created
