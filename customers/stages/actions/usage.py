"""Product usage: on how many days of the window a customer did what counts, and the level that this makes.

Nothing runs in the timeline's workers. Once a day everybody is counted in one pass over the window's events; in between a
job reads the events that came since its last look and counts only customers who were not yet known to be active today.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, Q

from config.kit import sql
from config.kit.clock import day_bounds, local_day
from config.kit.queue import enqueue
from customers.actions import timeline
from customers.actions.timeline import NewEvent, event_key
from customers.enums import UsageLevel
from customers.models import Customer, CustomerStanding, Event, UsageRule
from customers.queries import brand
from customers.stages import events
from customers.stages.actions import evaluate
from customers.stages.queries.statements import Those
from customers.stages.queries.usage import COUNTED, rule

CHUNK = 10_000
STEP = 250_000
# Ids are given before they are committed: each look goes back over the last ones; later ones wait for the night.
OVERLAP = 20_000
AT_ONCE = 500_000


def save(values: UsageRule, *, at: datetime) -> None:
    """Store the rule; everybody is counted again in the background, without telling journeys: people did nothing new."""
    with transaction.atomic():
        UsageRule.objects.update_or_create(
            pk=1,
            defaults={
                "event_names": sorted(set(values.event_names)), "window_days": values.window_days,
                "low_from": values.low_from, "medium_from": values.medium_from, "high_from": values.high_from,
                "counted_on": None,
            },
        )  # fmt: skip
        enqueue("customers.count_usage")


def due(*, at: datetime) -> int:
    """Count everybody when the day is new or the rule was changed, else those with new events; returns how many changed."""
    known = UsageRule.objects.filter(pk=1).first()
    if known is None:
        return 0
    today = local_day(at, brand.current().timezone)
    if known.counted_on == today:
        return fresh(at=at)
    return whole(at=at, is_silent=known.counted_on is None)


def whole(*, at: datetime, is_silent: bool = False) -> int:
    """Count everybody, in steps by id; a step that was done stays done after a kill, the rest is repeated."""
    zone = brand.current().timezone
    today = local_day(at, zone)
    known, last_event = rule(), Event.objects.aggregate(last=Max("pk"))["last"] or 0
    last = Customer.objects.aggregate(last=Max("pk"))["last"] or 0
    total = 0
    for low in range(0, last, STEP):
        total += _count(known, Those(low, low + STEP), today, zone, at, is_silent)
    UsageRule.objects.filter(pk=1, event_names=known.event_names, window_days=known.window_days,
                             low_from=known.low_from, medium_from=known.medium_from, high_from=known.high_from).update(
        counted_on=today, seen_event_id=last_event)  # fmt: skip
    return total


def fresh(*, at: datetime) -> int:
    """Count customers whose counting events came since the last look, unless they were active today already."""
    with transaction.atomic():
        known = sql.for_update(UsageRule.objects.filter(pk=1), skip_locked=True).first()
        top = Event.objects.aggregate(last=Max("pk"))["last"] or 0
        if known is None or not known.event_names or top <= known.seen_event_id:
            return 0
        low = max(known.seen_event_id - OVERLAP, 0)
        top = min(top, known.seen_event_id + AT_ONCE)
        rows = Event.objects.filter(pk__gt=low, pk__lte=top, name__in=known.event_names)
        seen = Q(customer__standing__last_active_on__isnull=True)
        ids = (
            rows.filter(seen | Q(local_day__gt=F("customer__standing__last_active_on")))
            .order_by()
            .values_list("customer_id", flat=True)
            .distinct()
        )
        zone = brand.current().timezone
        found = sorted(ids)
        total = 0
        for start in range(0, len(found), CHUNK):
            total += _count(known, Those(ids=found[start : start + CHUNK]), local_day(at, zone), zone, at, False)
        UsageRule.objects.filter(pk=1).update(seen_event_id=top)
    return total


def _count(known: UsageRule, those: Those, today: date, zone: str, at: datetime, is_silent: bool) -> int:
    changed = _different(known, those, today, zone)
    for start in range(0, len(changed), CHUNK):
        with transaction.atomic():
            ids = [row[0] for row in changed[start : start + CHUNK]]
            list(sql.for_update(Customer.objects.filter(pk__among=ids).order_by("pk")).values_list("pk"))
            _write(_different(known, Those(ids=ids), today, zone), at, is_silent)
    return len(changed)


def _different(known: UsageRule, those: Those, today: date, zone: str) -> list[tuple[Any, ...]]:
    """Rows (customer, level before, level, days, last day) of those whose days or level are not what is kept."""
    happened, values = those.among("e.customer_id")
    people, people_values = those.among("c.id")
    first, end = day_bounds(today - timedelta(days=known.window_days - 1), zone)[0], day_bounds(today, zone)[1]
    text = COUNTED.format(happened=happened, customers=people, names=_marks(known.event_names))
    thresholds = [known.high_from, known.medium_from, known.low_from]
    window: list[Any] = [_db(first), _db(end)]
    with connection.cursor() as cursor:
        cursor.execute(
            text, [bool(known.event_names), *thresholds, *(known.event_names or [""]), *window, *values, *people_values]
        )
        return list(cursor.fetchall())


def _marks(names: Sequence[str]) -> str:
    return ", ".join(["%s"] * max(len(names), 1))


def _write(rows: Iterable[tuple[Any, ...]], at: datetime, is_silent: bool) -> None:
    found = list(rows)
    if not found:
        return
    moved = [row for row in found if row[1] != row[2]]
    sql.update_many(Customer, "id", ["usage_level"], [(row[0], row[2]) for row in moved])
    sql.add_up(
        CustomerStanding, key=["customer"], replace=["active_days", "last_active_on"],
        rows=[(row[0], row[3], row[4]) for row in found],
        defaults={"ruled_persona": "", "all_personas": "", "previous_stage": "", "break_days": 0},
    )  # fmt: skip
    told = [row for row in moved if not is_silent and not (row[1] == "" and row[2] in ("", UsageLevel.NONE))]
    timeline.record_many([_event(row, at) for row in told], at=at)
    quiet = {row[0] for row in moved} - {row[0] for row in told}
    evaluate.touch(sorted(quiet), events.USAGE_CHANGED, at=at)
    evaluate.touch([row[0] for row in found], events.USAGE_COUNTED, at=at)


def _event(row: tuple[Any, ...], at: datetime) -> NewEvent:
    pk, before, after, days, _last = row
    return NewEvent(
        customer_id=pk, name=events.USAGE_CHANGED, occurred_at=at, source="stages",
        key=event_key("customers", "usage-change", pk, at.isoformat(), before, after),
        properties={"before": before, "after": after, "active_days": days},
    )  # fmt: skip


def _db(moment: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(moment)
