"""Exports as pages show them."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from customers.enums import ExportState
from customers.exports.actions import jobs
from customers.models import ExportJob
from customers.ports import exports
from customers.ports.exports import Export
from customers.ports.jobs import Due

EXPORT = "customers.export_customer"


def mine(user_id: int | None) -> "QuerySet[ExportJob]":
    """The exports of one member of staff, newest first: nobody sees another one's files."""
    return ExportJob.objects.filter(created_by_id=user_id).order_by("-id")


def offered(user: Any) -> list[Export]:
    """The lists that a member of staff may take out."""
    return [export for export in exports.all() if user.has_perms((EXPORT, *export.permissions))]


def is_under_way(job: ExportJob) -> bool:
    return job.state in (ExportState.QUEUED, ExportState.RUNNING)


def due(at: datetime) -> Due:
    """Exports that wait for a worker or lost theirs."""
    found = ExportJob.objects.filter(id__in=jobs.due_ids(at)).aggregate(count=Count("id"), oldest=Min("created_at"))
    return Due(found["count"], found["oldest"])
