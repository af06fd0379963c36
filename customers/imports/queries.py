"""Imports as pages show them."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from customers.enums import ImportState
from customers.imports.actions import jobs
from customers.imports.rules.formats import ERROR_COLUMNS
from customers.models import ImportJob, ImportProblem
from customers.ports.jobs import Due
from customers.rules import cells


def listed() -> QuerySet[ImportJob]:
    """All imports, newest first."""
    return ImportJob.objects.select_related("created_by").order_by("-id")


def due(at: datetime) -> Due:
    """Imports that wait for a worker or lost theirs."""
    found = ImportJob.objects.filter(id__in=jobs.due_ids(at)).aggregate(count=Count("id"), oldest=Min("created_at"))
    return Due(found["count"], found["oldest"])


def is_under_way(job: ImportJob) -> bool:
    return job.state in (ImportState.QUEUED, ImportState.RUNNING)


def problems(job: ImportJob) -> QuerySet[ImportProblem]:
    """Rows that were not taken, in the order of the file."""
    return job.problems.order_by("line", "id")


class _Echo:
    def write(self, value: str) -> str:
        return value


def csv_lines(rows: Iterator[list[Any]]) -> Iterator[str]:
    """Rows as CSV text with byte order mark for spreadsheet programs, no cell of which can run as a formula."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([cells.safe("" if cell is None else str(cell)) for cell in row])


def problem_rows(job: ImportJob) -> Iterator[list[Any]]:
    """The error file: line, column, reason, then the row as it was."""
    yield [*ERROR_COLUMNS, *job.header]
    for problem in problems(job).iterator(chunk_size=2000):
        yield [problem.line, problem.column, problem.reason, *problem.row]
