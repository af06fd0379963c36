"""Letting people into a journey: once per occasion, by the journey's policy, some of them only to be compared with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from campaigns.journeys import events
from campaigns.journeys.actions import move
from campaigns.journeys.actions.move import Person
from campaigns.journeys.enums import EnrolmentState, Outcome, Reentry
from campaigns.journeys.models import Enrolment, JourneyVersion
from campaigns.journeys.queries.audience import matching_ids
from campaigns.journeys.queries.walks import Walk
from campaigns.rules import holdout
from config.kit import sql
from customers.models import Customer
from customers.queries import brand

COLUMNS = (
    "journey_id", "version_id", "customer_id", "step_id", "state", "due_at", "entered_at", "moved_at", "end_reason",
    "run_key", "run", "is_generated",
)  # fmt: skip
ONCE = "once"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may enter. `occasion` names why, the same words for the same occasion; `since` is when it happened."""

    customer_id: int
    occasion: str
    since: datetime


def enrol(candidates: Sequence[Candidate], *, walk: Walk, audience: Mapping[str, Any], at: datetime) -> int:
    """Enrol those whom audience and re-entry policy allow; returns how many entered (held-out people not counted).

    The unique keys of `Enrolment` decide: one run per occasion, one active run per customer, whatever runs beside.
    """
    with transaction.atomic():
        allowed = _allowed(_one_each(candidates), walk=walk, audience=audience, at=at)
        if not allowed:
            return 0
        new = _insert(allowed, walk=walk, at=at)
        return _welcome(new, walk=walk, at=at)


def _one_each(candidates: Sequence[Candidate]) -> dict[int, Candidate]:
    """The earliest occasion of each customer."""
    chosen: dict[int, Candidate] = {}
    for candidate in candidates:
        known = chosen.get(candidate.customer_id)
        if known is None or candidate.since < known.since:
            chosen[candidate.customer_id] = candidate
    return chosen


def _allowed(
    candidates: dict[int, Candidate], *, walk: Walk, audience: Mapping[str, Any], at: datetime
) -> dict[int, Candidate]:
    journey = walk.journey
    before = Enrolment.objects.filter(journey=journey, customer_id__among=candidates)
    if journey.reentry == Reentry.ONCE:
        blocked = before
    elif journey.reentry == Reentry.AFTER_DAYS:
        blocked = before.filter(entered_at__gt=at - timedelta(days=journey.reentry_days))
    else:
        blocked = before.filter(state__in=[EnrolmentState.WAITING, EnrolmentState.WAITING_EVENT])
    for customer_id in blocked.values_list("customer_id", flat=True):
        candidates.pop(customer_id, None)
    if audience and candidates:
        kept = matching_ids(audience, customer_ids=list(candidates), at=at)
        return {customer_id: candidate for customer_id, candidate in candidates.items() if customer_id in kept}
    return candidates


def _insert(candidates: dict[int, Candidate], *, walk: Walk, at: datetime) -> list[tuple[int, int, str, int]]:
    """Insert the runs, passing over those that exist; returns (id, customer, state, run) of the new ones.

    A row is written where it stands at the first step: an UPDATE after the INSERT would write it and its indexes twice.
    """
    journey, first = walk.journey, walk.steps[walk.graph.first] if walk.graph.first else None
    step = walk.step(walk.graph.first) if walk.graph.first else None
    zones = _zones(candidates) if step and step.wait and step.wait.clock else {}
    home = brand.current().timezone
    places: dict[str, tuple[EnrolmentState, datetime]] = {}
    runs: dict[int, int] = {}
    if journey.reentry != Reentry.ONCE:
        counted = Enrolment.objects.filter(journey=journey, customer_id__among=candidates).values_list("customer_id")
        runs = dict(counted.annotate(last=Max("run")).order_by())
    rows = []
    for customer_id in sorted(candidates):
        candidate = candidates[customer_id]
        is_control = holdout.is_held_out(f"journey:{journey.id}", customer_id, journey.holdout_percent)
        zone = zones.get(customer_id, home)
        if zone not in places:
            places[zone] = move.place(step, zone, at) if step else (EnrolmentState.WAITING, at)
        state, due_at = places[zone]
        rows.append(
            (
                journey.id,
                walk.version.id,
                customer_id,
                None if is_control or first is None else first.id,
                EnrolmentState.CONTROL if is_control else state,
                None if is_control else due_at,
                candidate.since,
                at,
                "",
                ONCE if journey.reentry == Reentry.ONCE else candidate.occasion[:60],
                runs.get(customer_id, 0) + 1,
                False,
            )
        )
    return insert_rows(rows)


def insert_rows(rows: Sequence[Sequence[Any]]) -> list[tuple[int, int, str, int]]:
    """Insert rows in the order of `COLUMNS`, passing over those that exist; returns what is new."""
    return sql.insert_returning(Enrolment, COLUMNS, rows, returning=("id", "customer_id", "state", "run"))


def _welcome(new: list[tuple[int, int, str, int]], *, walk: Walk, at: datetime) -> int:
    home = brand.current().timezone
    zones = _zones({customer_id for _, customer_id, state, _ in new if state != EnrolmentState.CONTROL})
    people = [
        Person(pk, customer_id, at, zones.get(customer_id, home), run)
        for pk, customer_id, state, run in new
        if state != EnrolmentState.CONTROL
    ]
    control = [
        Person(pk, customer_id, at, home, run) for pk, customer_id, state, run in new if state == EnrolmentState.CONTROL
    ]
    if people:
        move.log(people, None, Outcome.ENTERED, at=at)
        move.tell(people, events.ENTERED, walk=walk, at=at)
        move.begin(people, walk=walk, at=at)
    if control:
        move.log(control, None, Outcome.HELD_OUT, at=at)
    counts = {"entered_count": len(people), "control_count": len(control)}
    _count(walk.version, counts)
    return len(people)


def _zones(customer_ids: Collection[int]) -> dict[int, str]:
    """The time zones of those who have one of their own."""
    own = Customer.objects.filter(id__among=customer_ids).exclude(timezone="")
    return dict(own.values_list("id", "timezone"))


def _count(version: JourneyVersion, counts: Mapping[str, int]) -> None:
    JourneyVersion.objects.filter(id=version.id).update(
        **{name: F(name) + count for name, count in counts.items() if count}
    )
