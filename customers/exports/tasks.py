"""Doors of the worker for exports."""

from typing import Any

from celery import shared_task

from config.kit.clock import now
from config.kit.queue import enqueue
from customers.actions import heartbeat
from customers.exports.actions import jobs


@shared_task(name="customers.export_list")
def export_list(job_id: int, **_: Any) -> str:
    """Write the file of one export."""
    return jobs.run_job(job_id, clock=now)


@shared_task(name="customers.resume_exports")
def resume_exports(**_: Any) -> int:
    """Wake up exports that wait for a worker or lost theirs, and delete files whose day is over."""
    with heartbeat.of("customers.resume_exports", at=now()):
        due = jobs.due_ids(now())
        for job_id in due:
            enqueue("customers.export_list", job_id=job_id)
        jobs.forget_files(at=now())
    return len(due)
