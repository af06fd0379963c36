"""Held messages: taken in again when what was missing is there; and forgetting what nobody needs any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from django.db import transaction

from config.kit import sql
from customers.enums import KeyKind
from customers.ingest.actions.sets import Message
from customers.ingest.actions.take_in import LOCK, carefully
from customers.models import IngestProblem

REFUSED_DAYS = 14
CHUNK = 500


def retry(*, at: datetime, problem_ids: Sequence[int] | None = None) -> tuple[int, int]:
    """Take held messages in again, all or those with these ids; returns how many now are, and how many stay held."""
    held = IngestProblem.objects.filter(is_held=True, write_key__isnull=False).exclude(body="").order_by("id")
    if problem_ids is not None:
        held = held.filter(id__in=list(problem_ids))
    ids = list(held.values_list("id", flat=True))
    staying = 0
    for start in range(0, len(ids), CHUNK):
        staying += _again(ids[start : start + CHUNK], at)
    return len(ids) - staying, staying


def _again(ids: Sequence[int], at: datetime) -> int:
    with transaction.atomic():
        if not sql.try_lock(LOCK):
            return len(ids)
        rows = list(
            IngestProblem.objects.filter(id__among=list(ids), is_held=True)
            .exclude(body="")
            .select_related("write_key")
            .order_by("id")
        )
        messages = [
            Message(orjson.loads(row.body), row.write_key_id or 0, row.write_key.kind == KeyKind.SERVER, row.received_at)
            for row in rows
            if row.write_key
        ]
        problems = carefully(messages, at)
        IngestProblem.objects.filter(id__in=[row.pk for row in rows]).delete()
        IngestProblem.objects.bulk_create(problems)
    return sum(problem.is_held for problem in problems)


def forget_refused(*, at: datetime) -> int:
    """Delete what was refused more than 14 days ago; what is held stays. Returns how many."""
    old = IngestProblem.objects.filter(is_held=False, received_at__lt=at - timedelta(days=REFUSED_DAYS))
    return old.delete()[0]
