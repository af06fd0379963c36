"""What waits, since when, what runs late, and what failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Min, QuerySet, Sum

from customers.models import EventAggregate, FailedEvent, Heartbeat, JobRun, PendingEvent
from customers.ports import event_types, jobs
from customers.ports.jobs import Due, Job

SLACK = timedelta(minutes=5)
HOURLY = timedelta(hours=2)
DAILY = timedelta(hours=26)
COUNTS_SECONDS = 300


def pending_events_due(at: datetime) -> Due:
    """Events whose subscribers have not run yet."""
    found = PendingEvent.objects.aggregate(count=Count("event_id"), oldest=Min("event__received_at"))
    return Due(found["count"], found["oldest"])


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One kind of background work: what it should do and what it did."""

    job: Job
    rhythm: str
    due: Due | None
    heartbeat: Heartbeat | None
    state: str  # "good", "late", "failing", "never"


def job_statuses(at: datetime) -> list[JobStatus]:
    """Every registered job with its due work and last run; the troubled ones first."""
    beats = {beat.job: beat for beat in Heartbeat.objects.all()}
    found = [_status(job, beats.get(job.task), at) for job in jobs.all()]
    rank = {"failing": 0, "late": 1, "never": 2, "good": 3}
    return sorted(found, key=lambda status: (rank[status.state], status.job.label))


def _status(job: Job, beat: Heartbeat | None, at: datetime) -> JobStatus:
    due = job.due(at) if job.due else None
    if isinstance(job.every, timedelta):
        expected, rhythm = job.every * 3 + SLACK, _every(job.every)
    else:
        schedule: Any = job.every
        expected = HOURLY if str(schedule._orig_hour) == "*" else DAILY
        rhythm = _clock_time(schedule)
    if beat is None:
        state = "never"
    elif beat.error:
        state = "failing"
    else:
        state = "late" if at - beat.beat_at > expected else "good"
    return JobStatus(job, rhythm, due, beat, state)


def _clock_time(schedule: Any) -> str:
    hour, minute = str(schedule._orig_hour), str(schedule._orig_minute)
    if hour == "*":
        if minute.startswith("*"):
            return f"every {minute[2:]} minutes" if minute[2:] else "every minute"
        return f"every hour at minute {minute.replace(',', ' and ')}"
    return f"at {hour}:{minute.zfill(2)} UTC"


def _every(gap: timedelta) -> str:
    seconds = int(gap.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            count = seconds // size
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {seconds} s"


def failed_events() -> QuerySet[FailedEvent]:
    """Events that a handler could not take, newest first."""
    return FailedEvent.objects.select_related("event").order_by("-failed_at", "-id")


def job_runs() -> QuerySet[JobRun]:
    """Runs of once-per-period jobs, newest first."""
    return JobRun.objects.order_by("-started_at", "-id")


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One event name: its type when the catalogue knows it, and how often it was seen."""

    name: str
    type: event_types.EventType | None
    count: int


def catalogue() -> list[CatalogueRow]:
    """All names of the catalogue, then the names that only the data knows; counts are up to five minutes old."""
    counts: dict[str, int] | None = cache.get("customers.event_counts")
    if counts is None:
        rows: Any = EventAggregate.objects.values_list("name").annotate(total=Sum("count"))
        counts = dict(rows)
        cache.set("customers.event_counts", counts, COUNTS_SECONDS)
    known = sorted(event_types.all(), key=lambda item: item.name)
    rows_of = [CatalogueRow(item.name, item, counts.get(item.name, 0)) for item in known]
    others = sorted(set(counts) - {item.name for item in known})
    return rows_of + [CatalogueRow(name, None, counts[name]) for name in others]
