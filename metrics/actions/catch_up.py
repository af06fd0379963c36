"""Keeping the roll-up complete: last night, today so far, and every past day that changed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from config.kit import sql
from config.kit.clock import local_day
from customers.actions import heartbeat
from customers.queries import brand
from metrics.actions import dirty, months
from metrics.actions.rollup import rollup
from metrics.actions.score_rfm import score_rfm
from metrics.enums import Family
from metrics.models import DailyFact, DirtyDay
from metrics.queries import truth
from metrics.rules.periods import Period, in_runs, month_start

JOB = "metrics.roll_up"
LOOK_BACK_DAYS = 3
# A late order changes what later orders of that customer are (first, second, after a pause): those days follow it.
SPREADING = (Family.LIFECYCLE,)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: days of the nightly part, days that were dirty, and whether customers' orders changed."""

    nightly: Period | None
    dirty_days: int


def catch_up(*, at: datetime) -> Outcome | None:
    """Bring the facts up to date; None when another worker is at it.

    1. Once per day (a unique key keeps the promise): yesterday, the two days before it, and any day missed since the last
       run. 2. Days marked dirty. 3. Today so far, as partial. All in one transaction: a kill leaves everything as it was.
    """
    today = local_day(at, brand.current().timezone)
    yesterday = today - timedelta(days=1)
    with transaction.atomic():
        if not sql.try_lock(JOB):
            return None
        nightly = _nightly_period(yesterday) if heartbeat.claim_period(JOB, period=str(yesterday), at=at) else None
        marks = list(DirtyDay.objects.filter(day__lte=yesterday).values_list("id", "marks", "day", "family"))
        if nightly:
            rollup(first=nightly.first, last=nightly.last, at=at)
        _rebuild_dirty([(day, Family(family)) for _, _, day, family in marks], yesterday=yesterday, at=at)
        rollup(first=today, last=today, at=at)
        spread = [day for _, _, day, family in marks if family in SPREADING]
        oldest = min([*spread, *([nightly.first] if nightly else [])], default=None)
        if oldest:
            months.rebuild(first=oldest, last=yesterday, at=at)
        if spread and not nightly:
            score_rfm(day=yesterday)
        dirty.clear((row_id, count) for row_id, count, _, _ in marks)
    return Outcome(nightly, len({day for _, _, day, _ in marks}))


def _nightly_period(yesterday: date) -> Period:
    """The days that a night rebuilds: at least three, more when nights were missed, everything the first time."""
    rolled = DailyFact.objects.aggregate(day=Max("day"))["day"]
    if rolled is None:
        return Period(min(truth.first_day() or yesterday, yesterday - timedelta(days=LOOK_BACK_DAYS - 1)), yesterday)
    return Period(min(rolled, yesterday - timedelta(days=LOOK_BACK_DAYS - 1)), yesterday)


def _rebuild_dirty(marked: list[tuple[date, Family]], *, yesterday: date, at: datetime) -> None:
    for family in Family:
        days = [day for day, marked_family in marked if marked_family == family]
        runs = [Period(min(days), yesterday)] if days and family in SPREADING else in_runs(days)
        for run in runs:
            rollup(first=run.first, last=run.last, at=at, families=[family])


def backfill(*, first: date, last: date, at: datetime) -> int:
    """Rebuild all facts of a range of days and the months they touch, in steps of a year; returns the number of facts.

    Each step is a transaction of its own, so a stopped back-fill goes on where it was by starting again.
    """
    written, start = 0, first
    while start <= last:
        end = min(last, start + timedelta(days=366))
        written += rollup(first=start, last=end, at=at)
        start = end + timedelta(days=1)
    months.rebuild(first=month_start(first), last=last, at=at)
    return written
