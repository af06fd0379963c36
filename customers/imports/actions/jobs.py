"""An uploaded file on its way in: upload, map, queue, run, stop. A killed run goes on where its last batch ended."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from config.kit import sql
from config.kit.queue import enqueue
from customers.enums import ImportState
from customers.imports.actions import run
from customers.imports.adapters import csv_files
from customers.imports.adapters.csv_files import Dialect, UnreadableFile
from customers.imports.rules.taking import AnswersOption, ConsentOption, Outcome, Row, Taking
from customers.models import ImportJob, ImportProblem

STALE = timedelta(seconds=60)
KEEP_FILES = timedelta(days=30)


class CannotStart(Exception):
    """The import is running, done, or has no mapping yet."""


def upload(*, kind: str, file: UploadedFile, user_id: int | None, at: datetime) -> ImportJob:
    """Store a file under a random name and find out how it is written. Raises `UnreadableFile`; nothing is kept then."""
    job = ImportJob(kind=kind, file_name=str(file.name or "file.csv")[:200], created_at=at, created_by_id=user_id)
    job.file.save(f"{uuid.uuid4().hex}.csv", file, save=False)
    try:
        dialect = csv_files.detect(Path(job.file.path))
        job.header, _ = run.head(Path(job.file.path), dialect)
    except UnreadableFile:
        job.file.delete(save=False)
        raise
    job.encoding, job.delimiter, job.row_count = dialect.encoding, dialect.delimiter, dialect.row_count
    job.save()
    return job


def read_as(job: ImportJob, *, encoding: str, delimiter: str) -> list[Row]:
    """Read the job's file in another way and keep its header; returns first rows. Raises `UnreadableFile`."""
    dialect = Dialect(encoding, delimiter, job.row_count)
    header, sample = run.head(Path(job.file.path), dialect)
    job.encoding, job.delimiter, job.header = encoding, delimiter, header
    job.save(update_fields=["encoding", "delimiter", "header"])
    return sample


def start(job: ImportJob, *, mapping: dict[int, str], options: dict[str, Any]) -> None:
    """Queue an import with its mapping. Raises `CannotStart` unless it still waits for its mapping."""
    with transaction.atomic():
        taken = ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED).update(
            state=ImportState.QUEUED,
            mapping={str(position): target for position, target in mapping.items()},
            options=options,
        )
        if not taken:
            raise CannotStart
        enqueue("customers.import_file", job_id=job.pk)


def stop(job_id: int, *, at: datetime) -> bool:
    """Stop after the batch under way; False when there was nothing to stop. What was taken stays."""
    waiting = ImportJob.objects.filter(pk=job_id, state__in=[ImportState.QUEUED, ImportState.RUNNING])
    return waiting.update(state=ImportState.STOPPED, finished_at=at) > 0


def go_on(job_id: int) -> bool:
    """Queue a stopped or failed import again, from the first row not yet taken; False when it is in another state."""
    with transaction.atomic():
        paused = ImportJob.objects.filter(pk=job_id, state__in=[ImportState.STOPPED, ImportState.FAILED]).exclude(file="")
        queued = paused.exclude(mapping={}).update(state=ImportState.QUEUED, error="", finished_at=None)
        if queued:
            enqueue("customers.import_file", job_id=job_id)
    return queued > 0


def due_ids(at: datetime) -> list[int]:
    """Imports that wait for a worker, or whose worker gave no sign of life for a minute."""
    return list(ImportJob.objects.filter(_due(at)).order_by("id").values_list("id", flat=True))


def _due(at: datetime) -> Q:
    return Q(state=ImportState.QUEUED) | Q(state=ImportState.RUNNING, heartbeat_at__lt=at - STALE)


def run_job(job_id: int, *, clock: Callable[[], datetime], seconds: float) -> str:
    """Run an import for at most about `seconds`; returns its state after that (queued again when it is not through).

    1. Claim: queued, or running without a sign of life for a minute; another worker on the same import loses.
    2. Each batch is one transaction that also moves `next_row`; it checks under a lock that `next_row` is still where
       this worker thinks, so two workers never take the same rows, and a kill leaves whole batches only.
    """
    at = clock()
    claimed = ImportJob.objects.filter(_due(at), pk=job_id).update(
        state=ImportState.RUNNING, heartbeat_at=at, started_at=Coalesce("started_at", at)
    )
    if not claimed:
        return ""
    job = ImportJob.objects.get(pk=job_id)
    try:
        finished = _run(job, clock, time.monotonic() + seconds)
    except (UnreadableFile, FileNotFoundError, UnicodeError) as error:
        reason = str(error) if isinstance(error, UnreadableFile) else "The uploaded file is gone. Upload it again."
        _leave(job_id, ImportState.FAILED, clock(), error=reason)
        return ImportState.FAILED
    except (ValueError, TypeError, LookupError, IntegrityError) as error:
        _leave(job_id, ImportState.FAILED, clock(), error=f"The import stopped on an error: {type(error).__name__}.")
        raise
    if finished is None:
        return str(ImportJob.objects.values_list("state", flat=True).get(pk=job_id))
    if finished:
        sql.analyze(*run.FILLED)
        _leave(job_id, ImportState.DONE, clock())
        return ImportState.DONE
    with transaction.atomic():
        if ImportJob.objects.filter(pk=job_id, state=ImportState.RUNNING).update(state=ImportState.QUEUED):
            enqueue("customers.import_file", job_id=job_id)
    return ImportState.QUEUED


def _leave(job_id: int, state: str, at: datetime, error: str = "") -> None:
    changes: dict[str, Any] = {"state": state, "finished_at": at, "error": error}
    if state == ImportState.DONE:
        changes["row_count"] = F("next_row")
    ImportJob.objects.filter(pk=job_id, state=ImportState.RUNNING).update(**changes)


def taking_of(job: ImportJob) -> Taking:
    """How this job's file is read."""
    mapping = {int(position): target for position, target in job.mapping.items()}
    consent = ConsentOption(**job.options["consent"]) if job.options.get("consent") else None
    answers = AnswersOption(**job.options["answers"]) if job.options.get("answers") else None
    system = str(job.options.get("system", ""))
    return run.make_taking(job.kind, job.header, mapping, consent=consent, answers=answers, system=system)


def _run(job: ImportJob, clock: Callable[[], datetime], end: float) -> bool | None:
    """True at the end of the file, False when time is up, None when the job was stopped or taken over."""
    taking = taking_of(job)
    rows = csv_files.read(Path(job.file.path), encoding=job.encoding, delimiter=job.delimiter)
    rest = (row for row in rows if row.number >= job.next_row and row.number >= 0)
    for batch in run.batches(rest, taking):
        if not _take(job.pk, batch, taking, clock()):
            return None
        if time.monotonic() > end:
            return False
    return True


def _take(job_id: int, batch: list[Row], taking: Taking, at: datetime) -> bool:
    with transaction.atomic():
        job = sql.for_update(ImportJob.objects.filter(pk=job_id, state=ImportState.RUNNING)).first()
        if job is None or job.next_row > batch[0].number:
            return False
        outcome = run.apply(batch, taking, at=at)
        _note(job, batch, outcome, at)
    return True


def _note(job: ImportJob, batch: list[Row], outcome: Outcome, at: datetime) -> None:
    room = max(run.KEPT_PROBLEMS - job.problem_count, 0)
    ImportProblem.objects.bulk_create(
        ImportProblem(
            job=job,
            line=problem.line,
            column=problem.column[:200].replace("\0", "�"),
            reason=problem.reason[:300].replace("\0", "�"),
            row=[cell[:500].replace("\0", "�") for cell in problem.row[:300]],
        )
        for problem in outcome.problems[:room]
    )
    job.next_row = batch[-1].number + 1
    job.row_count = max(job.row_count, job.next_row)
    job.created_count += outcome.created
    job.updated_count += outcome.updated
    job.unchanged_count += outcome.unchanged
    job.problem_count += len(outcome.problems)
    job.heartbeat_at = at
    job.save(
        update_fields=[
            "next_row", "row_count", "created_count", "updated_count", "unchanged_count", "problem_count", "heartbeat_at",
        ]
    )  # fmt: skip


def forget_files(*, at: datetime) -> int:
    """Delete uploaded files 30 days after their import ended, and uploads nobody mapped; the result stays."""
    old = ImportJob.objects.filter(
        Q(finished_at__lt=at - KEEP_FILES) | Q(state=ImportState.UPLOADED, created_at__lt=at - KEEP_FILES)
    ).exclude(file="")
    count = 0
    for job in old[:1000]:
        job.file.delete(save=False)
        ImportJob.objects.filter(pk=job.pk).update(file="")
        count += 1
    return count
