"""Doors of the worker for imports."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from config.kit.queue import enqueue
from customers.actions import heartbeat
from customers.imports.actions import jobs

BUDGET_SECONDS = 120


@shared_task(name="customers.import_file")
def import_file(job_id: int, **_: Any) -> str:
    """Go on with one import."""
    return jobs.run_job(job_id, clock=now, seconds=BUDGET_SECONDS)


@shared_task(name="customers.resume_imports")
def resume_imports(**_: Any) -> int:
    """Wake up imports that wait for a worker or lost theirs."""
    with heartbeat.of("customers.resume_imports", at=now()):
        due = jobs.due_ids(now())
        for job_id in due:
            enqueue("customers.import_file", job_id=job_id)
    return len(due)
