"""Which live journeys customers would enter when they enter or leave a segment, and what these would send at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.journeys.enums import ACTIVE, JourneyState, Reentry, StepKind
from campaigns.journeys.models import Enrolment, Journey, JourneyVersion
from campaigns.journeys.rules import graph
from campaigns.journeys.rules.graph import NotAGraph
from campaigns.journeys.rules.triggers import Entry, NotATrigger
from campaigns.rules import holdout
from config.kit.clock import now
from customers.models import Customer, EventAggregate, Segment
from customers.ports.segment_starts import Start
from customers.segments.queries import run
from customers.segments.queries.expressions import InSet
from customers.segments.rules.parse import BadDefinition

ENTERED, LEFT = "segment.entered", "segment.left"
EXACT = 20_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """A journey that listens: who of the moving customers it takes, and of them who stands at each e-mail before a wait."""

    journey: Journey
    admits: Q
    mails: tuple[Q, ...]


def of_segment(segment_id: int, entering: QuerySet[Customer], leaving: QuerySet[Customer]) -> list[Start]:
    """One start for every live journey that this segment's `segment.entered` or `segment.left` lets people into.

    Counted as `actions.enrol` would: the audience now, re-entry, "first only", and without those who are held out. Up to
    20,000 moving customers are drawn one by one; of more, the held-out share is taken off the count. `messages` are the
    e-mails that the steps before the first wait plan; consent and frequency are asked when they leave. At most four
    queries whatever the number of journeys, and two more for each direction in which somebody listens.
    """
    named = Segment.objects.filter(pk=segment_id).values_list("name", flat=True).first()
    if named is None:
        return []
    properties, at = {"segment_id": segment_id, "segment": named}, now()
    listening = _listening(properties)
    graphs = _graphs([journey.pk for journey, _entry in listening])
    found = []
    for name, moving in ((ENTERED, entering), (LEFT, leaving)):
        asked = [
            _asked(journey, entry, graphs[journey.pk], at)
            for journey, entry in listening
            if entry.trigger and entry.trigger.event == name and journey.pk in graphs
        ]
        found += _counted(asked, moving)
    return sorted(found, key=lambda start: (-start.customers, start.name))


def _listening(properties: Mapping[str, Any]) -> list[tuple[Journey, Entry]]:
    """Live journeys that an event with these properties starts; journeys that wait for another segment are passed over."""
    found = []
    rows = Journey.objects.filter(state=JourneyState.LIVE, entry__event__in=[ENTERED, LEFT], activated_at__isnull=False)
    for journey in rows.order_by("id"):
        try:
            entry = Entry.of(journey.entry)
        except NotATrigger:
            continue
        if entry.trigger and entry.trigger.fits(entry.trigger.event, properties):
            found.append((journey, entry))
    return found


def _graphs(journey_ids: Sequence[int]) -> dict[int, Any]:
    """The steps that new people meet, by journey: those of the newest published version."""
    if not journey_ids:
        return {}
    rows = JourneyVersion.objects.filter(journey_id__in=journey_ids, published_at__isnull=False).order_by("number")
    return dict(rows.values_list("journey_id", "graph"))


def _asked(journey: Journey, entry: Entry, steps: Any, at: datetime) -> _Asked:
    mine = Enrolment.objects.filter(journey=journey, customer=OuterRef("pk"))
    admits = ~Q(Exists(mine)) if journey.reentry == Reentry.ONCE else ~Q(Exists(mine.filter(state__in=ACTIVE)))
    if journey.reentry == Reentry.AFTER_DAYS:
        admits &= ~Q(Exists(mine.filter(entered_at__gt=at - timedelta(days=journey.reentry_days))))
    if entry.first_only and entry.trigger:
        admits &= ~Q(Exists(EventAggregate.objects.filter(customer=OuterRef("pk"), name=entry.trigger.event)))
    try:
        if entry.audience:
            admits &= _matches(entry.audience, at)
        mails = _mails(steps, at)
    except (BadDefinition, NotAGraph):
        return _Asked(journey, NOBODY, ())
    return _Asked(journey, admits, tuple(admits & mail for mail in mails))


NOBODY = Q(pk__in=[])
EVERYBODY = Q()


def _matches(definition: Mapping[str, Any], at: datetime) -> Q:
    found = run.compiled(dict(definition), at)
    return Q(InSet(F("pk"), found.text, found.params))


def _mails(steps: Any, at: datetime) -> list[Q]:
    """For each e-mail before the first wait, which of those who entered it is planned for. Raises `NotAGraph`."""
    graph.parse(steps)
    found: list[Q] = []
    _walk(steps["steps"], EVERYBODY, found, at)
    return found


def _walk(steps: Sequence[Mapping[str, Any]], reached: Q, found: list[Q], at: datetime) -> Q | None:
    """Follow a list of steps; returns who comes out of its end without having waited, None for nobody."""
    for step in steps:
        kind = step["kind"]
        if kind == StepKind.SEND:
            found.append(reached)
        elif kind in (StepKind.WAIT, StepKind.WAIT_EVENT, StepKind.EXIT):
            return None
        elif kind == StepKind.SPLIT:
            through = _sides(step, reached, found, at)
            if through is None:
                return None
            reached = through
    return reached


def _sides(step: Mapping[str, Any], reached: Q, found: list[Q], at: datetime) -> Q | None:
    matches = _matches(step["definition"], at)
    sides = [(step.get("then"), reached & matches), (step.get("otherwise"), reached & ~matches)]
    through = [(side, _walk(steps or [], side, found, at)) for steps, side in sides]
    if all(out is side for side, out in through):
        return reached
    kept = [out for _side, out in through if out is not None]
    return kept[0] | kept[1] if len(kept) == 2 else (kept[0] if kept else None)


def _counted(asked: Sequence[_Asked], moving: QuerySet[Customer]) -> list[Start]:
    if not asked:
        return []
    tests = [test for item in asked for test in (item.admits, *item.mails)]
    flags = {f"f{number}": _flag(test) for number, test in enumerate(tests)}
    rows = list(moving.order_by().annotate(**flags).values_list("pk", *flags)[: EXACT + 1])
    if len(rows) <= EXACT:
        return [_start(item, *_drawn(item, rows, place)) for item, place in _places(asked)]
    counts = list(moving.order_by().aggregate(**{name: Count("pk", filter=test) for name, test in zip(flags, tests, strict=True)}).values())  # noqa: E501  # fmt: skip
    return [_start(item, *_shared(item, counts, place)) for item, place in _places(asked)]


def _flag(test: Q) -> ExpressionWrapper:
    return ExpressionWrapper(test, output_field=BooleanField())


def _places(asked: Sequence[_Asked]) -> Iterable[tuple[_Asked, int]]:
    """Each journey with the place of its first column."""
    place = 0
    for item in asked:
        yield item, place
        place += 1 + len(item.mails)


def _drawn(item: _Asked, rows: Sequence[tuple[Any, ...]], place: int) -> tuple[int, int]:
    programme, percent = f"journey:{item.journey.pk}", item.journey.holdout_percent
    inside = [row for row in rows if row[1 + place] and not holdout.is_held_out(programme, row[0], percent)]
    first = 2 + place
    return len(inside), sum(sum(map(bool, row[first : first + len(item.mails)])) for row in inside)


def _shared(item: _Asked, counts: Sequence[int], place: int) -> tuple[int, int]:
    share = 1 - item.journey.holdout_percent / 100
    mails = sum(counts[place + 1 : place + 1 + len(item.mails)])
    return round(counts[place] * share), round(mails * share)


def _start(item: _Asked, customers: int, messages: int) -> Start:
    url = reverse("campaigns:journey-detail", args=[item.journey.pk])
    return Start(_("Journey"), item.journey.name, url, customers, messages)
