"""Trying to evaluate a segment, so that one whose rules fail holds up nobody else.

A failure is noted on the segment, which then waits for a whole refresh: after a minute, 5 minutes, half an hour, 2 hours
and every 6 hours from then on. Whatever would have moved its members meanwhile is covered by that refresh.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import sql
from customers.models import Segment
from customers.segments.rules.parse import BadDefinition

log = logging.getLogger(__name__)

T = TypeVar("T")
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
MOST = 10_000


def tried(segment_id: int, work: Callable[[], T], *, at: datetime, seconds: float | None = None) -> T | None:
    """What `work` returns, or None after it failed: its writes are taken back and the failure is noted on the segment.

    A single statement may take `seconds` (PostgreSQL); None where the caller has set a limit for many segments already.
    Only a lost connection raises: then nothing can be noted either.
    """
    try:
        with sql.statement_timeout(seconds) if seconds else nullcontext(), transaction.atomic():
            return work()
    except BadDefinition as error:
        problem = str(error)
    except Exception as error:
        if isinstance(error, sql.TookTooLong) or "statement timeout" in str(error):
            problem = _("The rules took too long to evaluate. Narrow a time window or split the segment.")
        else:
            log.exception("segment %s could not be evaluated", segment_id)
            problem = _("The rules could not be evaluated: %(error)s") % {"error": " ".join(str(error).split())[:200]}
    failed(segment_id, problem, at=at)
    return None


def failed(segment_id: int, problem: str, *, at: datetime) -> None:
    """Note why a segment could not be evaluated and when it is tried again; its members stay as they are."""
    done = Segment.objects.filter(id=segment_id).values_list("attempts", flat=True).first() or 0
    Segment.objects.filter(id=segment_id).update(
        problem=problem[:300], attempts=min(done + 1, MOST), retry_at=at + PAUSES[min(done, len(PAUSES) - 1)]
    )
