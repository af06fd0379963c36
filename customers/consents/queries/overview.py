"""How many people said what: per topic and channel, by day, and where they said it."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncDate

from config.kit.clock import local_day
from customers.enums import Channel, ConsentState
from customers.models import Consent, ConsentChange, Customer, OptIn, Preference, Suppression, Topic
from customers.queries import brand

DAYS = 90
CACHE_KEY, CACHE_SECONDS = "consents:overview", 900
SLOW_SECONDS = 0.5  # a count that takes longer is kept for a quarter of an hour


@dataclass(frozen=True, slots=True)
class Line:
    """One topic on one channel. `reachable` is the share of all customers who said yes."""

    topic: Topic
    channel: str
    granted: int
    denied: int
    never: int
    reachable: float


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole page; `counted_at` says how old the figures are."""

    lines: list[Line]
    customers: int
    days: list[str]
    granted: list[int]
    withdrawn: list[int]
    sources: list[tuple[str, int, int]]
    paused: int
    untracked: int
    blocked: list[tuple[str, int]]
    waiting: int
    confirmed: int
    counted_at: datetime


def overview(*, at: datetime) -> Overview:
    """Figures of consent; on a large installation at most fifteen minutes old."""
    kept: Overview | None = cache.get(CACHE_KEY)
    if kept is not None:
        return kept
    started = time.monotonic()
    found = _count(at)
    if time.monotonic() - started > SLOW_SECONDS:
        cache.set(CACHE_KEY, found, CACHE_SECONDS)
    return found


def _count(at: datetime) -> Overview:
    customers = Customer.objects.count()
    days, granted, withdrawn = _by_day(at)
    since = at - timedelta(days=DAYS)
    asked = OptIn.objects.filter(requested_at__gte=since)
    blocked = Suppression.objects.order_by().values("reason").annotate(total=Count("id")).order_by("-total")
    return Overview(
        lines=_lines(customers),
        customers=customers,
        days=days,
        granted=granted,
        withdrawn=withdrawn,
        sources=_sources(since),
        paused=Preference.objects.filter(paused_until__gt=at).count(),
        untracked=Preference.objects.filter(is_tracked=False).count(),
        blocked=[(row["reason"], row["total"]) for row in blocked],
        waiting=asked.filter(confirmed_at=None, expires_at__gt=at).count(),
        confirmed=asked.filter(confirmed_at__isnull=False).count(),
        counted_at=at,
    )


def _lines(customers: int) -> list[Line]:
    counts: dict[tuple[int, str], dict[str, int]] = {}
    rows = Consent.objects.order_by().values_list("topic", "channel", "state").annotate(total=Count("id"))
    for topic_id, channel, state, total in rows:
        counts.setdefault((topic_id, channel), {})[state] = total
    lines = []
    for topic in Topic.objects.order_by("archived_at", "position", "name"):
        for channel in Channel.values:
            said = counts.get((topic.pk, channel), {})
            if not said and (channel not in topic.channels or topic.archived_at):
                continue
            yes, no = said.get(ConsentState.GRANTED, 0), said.get(ConsentState.DENIED, 0)
            share = yes / customers if customers else 0.0
            lines.append(Line(topic, str(Channel(channel).label), yes, no, max(customers - yes - no, 0), share))
    return lines


def _by_day(at: datetime) -> tuple[list[str], list[int], list[int]]:
    zone = brand.current().timezone
    today = local_day(at, zone)
    first = today - timedelta(days=DAYS - 1)
    found: dict[tuple[Any, str], int] = {}
    rows = (
        ConsentChange.objects.filter(changed_at__gte=at - timedelta(days=DAYS))
        .annotate(day=TruncDate("changed_at", tzinfo=ZoneInfo(zone)))
        .order_by()
        .values_list("day", "state")
        .annotate(total=Count("id"))
    )
    for day, state, total in rows:
        found[day, state] = total
    days = [first + timedelta(days=number) for number in range(DAYS)]
    yes = [found.get((day, ConsentState.GRANTED.value), 0) for day in days]
    no = [found.get((day, ConsentState.DENIED.value), 0) for day in days]
    return [day.isoformat() for day in days], yes, no


def _sources(since: datetime) -> list[tuple[str, int, int]]:
    found: dict[str, list[int]] = {}
    rows = (
        ConsentChange.objects.filter(changed_at__gte=since)
        .order_by()
        .values_list("source", "state")
        .annotate(total=Count("id"))
    )
    for source, state, total in rows:
        found.setdefault(source, [0, 0])[state == ConsentState.DENIED] += total
    ranked = sorted(found.items(), key=lambda item: -sum(item[1]))
    return [(source, yes, no) for source, (yes, no) in ranked[:12]]
