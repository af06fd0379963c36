"""A list into a file, in the background: ask, write, stop, forget after a day."""

import os
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from config.kit.queue import enqueue
from customers.actions import audit
from customers.enums import ExportState
from customers.exports.queries.files import csv_text
from customers.models import ExportJob
from customers.ports import exports
from customers.ports.exports import Criteria

KEEP = timedelta(hours=24)
STALE = timedelta(seconds=60)
FOLDER = "exports"


class _Stopped(Exception):
    """Somebody stopped the export, or another worker has it."""


def ask(*, key: str, criteria: Criteria, user_id: int | None, at: datetime, address: str = "") -> ExportJob:
    """Queue a list; noted in the audit log with what was wanted. Raises `NotRegistered` for an unknown list."""
    export = exports.get(key)
    with transaction.atomic():
        job = ExportJob.objects.create(
            key=key, label=str(export.label)[:120], criteria=written(criteria), created_at=at, created_by_id=user_id
        )
        audit.note("export.asked", subject=job.label, user_id=user_id, at=at, address=address,
                   detail={"export": job.pk, "list": key, **job.criteria})  # fmt: skip
        enqueue("customers.export_list", job_id=job.pk)
    return job


def written(criteria: Criteria) -> dict[str, str]:
    """Criteria as JSON, what is empty left out."""
    found = {"since": criteria.since, "until": criteria.until, "choice": criteria.choice}
    return {name: str(value) for name, value in found.items() if value}


def read(criteria: dict[str, str]) -> Criteria:
    """What `written` wrote."""
    days = {name: date.fromisoformat(criteria[name]) for name in ("since", "until") if criteria.get(name)}
    return Criteria(days.get("since"), days.get("until"), criteria.get("choice", ""))


def due_ids(at: datetime) -> list[int]:
    """Exports that wait for a worker, or whose worker gave no sign of life for a minute."""
    return list(ExportJob.objects.filter(_due(at)).order_by("id").values_list("id", flat=True))


def _due(at: datetime) -> Q:
    return Q(state=ExportState.QUEUED) | Q(state=ExportState.RUNNING, heartbeat_at__lt=at - STALE)


def run_job(job_id: int, *, clock: Callable[[], datetime]) -> str:
    """Write the file of an export; returns the state it is left in, empty when another worker has it.

    The rows go into a file of another name first, which takes its place when it is whole.
    """
    at = clock()
    if not ExportJob.objects.filter(_due(at), pk=job_id).update(state=ExportState.RUNNING, heartbeat_at=at, row_count=0):
        return ""
    job = ExportJob.objects.get(pk=job_id)
    name = f"{FOLDER}/{uuid.uuid4().hex}.csv"
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        count = _write(job, part, clock)
        os.replace(part, path)
        return _finish(job, name, count, clock())
    except _Stopped:
        return str(ExportJob.objects.values_list("state", flat=True).get(pk=job_id))
    except Exception as error:
        _leave(job_id, ExportState.FAILED, clock(), error=f"The export stopped on an error: {type(error).__name__}.")
        raise
    finally:
        part.unlink(missing_ok=True)


def _write(job: ExportJob, path: Path, clock: Callable[[], datetime]) -> int:
    export, total, heard = exports.get(job.key), 0, clock()

    def counted(done: int) -> None:
        nonlocal total, heard
        total = done
        at = clock()
        if at - heard >= timedelta(seconds=1):
            heard = at
            going = ExportJob.objects.filter(pk=job.pk, state=ExportState.RUNNING)
            if not going.update(row_count=done, heartbeat_at=at):
                raise _Stopped

    with path.open("w", encoding="utf-8", newline="") as file:
        for text in csv_text(export.rows(read(job.criteria)), counted=counted):
            file.write(text)
    return total


def _finish(job: ExportJob, name: str, count: int, at: datetime) -> str:
    with transaction.atomic():
        going = ExportJob.objects.filter(pk=job.pk, state=ExportState.RUNNING)
        if not going.update(state=ExportState.DONE, file=name, row_count=count, finished_at=at):
            (Path(settings.MEDIA_ROOT) / name).unlink(missing_ok=True)
            raise _Stopped
        audit.note("export.finished", subject=job.label, user_id=job.created_by_id, at=at,
                   detail={"export": job.pk, "list": job.key, "rows": count, **job.criteria})  # fmt: skip
    return ExportState.DONE


def _leave(job_id: int, state: str, at: datetime, error: str = "") -> None:
    changes: dict[str, Any] = {"state": state, "finished_at": at, "error": error}
    ExportJob.objects.filter(pk=job_id, state=ExportState.RUNNING).update(**changes)


def stop(job_id: int, *, at: datetime) -> bool:
    """Stop an export; False when there was nothing to stop. Nothing of it is kept."""
    waiting = ExportJob.objects.filter(pk=job_id, state__in=[ExportState.QUEUED, ExportState.RUNNING])
    return waiting.update(state=ExportState.STOPPED, finished_at=at) > 0


def forget_files(*, at: datetime) -> int:
    """Delete files a day after they were written, and what a killed worker left; returns how many exports lost theirs."""
    count = 0
    for job in ExportJob.objects.filter(finished_at__lt=at - KEEP).exclude(file="")[:1000]:
        job.file.delete(save=False)
        ExportJob.objects.filter(pk=job.pk).update(file="")
        count += 1
    for part in (Path(settings.MEDIA_ROOT) / FOLDER).glob("*.part"):
        if part.stat().st_mtime < (at - KEEP).timestamp():
            part.unlink(missing_ok=True)
    return count
