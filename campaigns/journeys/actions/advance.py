"""The engine: whoever is due takes the next step, a group at a time."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import OperationalError, transaction
from django.db.models import F

from campaigns.actions import planning
from campaigns.enums import SourceKind
from campaigns.journeys.actions import move
from campaigns.journeys.actions.move import Person
from campaigns.journeys.enums import EnrolmentState, JourneyState, Outcome, StepKind
from campaigns.journeys.models import IS_ACTIVE, Enrolment, JourneyStep
from campaigns.journeys.queries import due, walks
from campaigns.journeys.queries.audience import matching_ids
from campaigns.journeys.queries.walks import Walk
from campaigns.journeys.rules.graph import Step
from config.kit import sql
from config.kit.queue import enqueue
from customers.models import Customer
from customers.ports import effects
from customers.queries import brand

log = logging.getLogger(__name__)

GROUP = 5000
BUDGET_SECONDS = 200


def advance(*, at: datetime, group: int = GROUP) -> int:
    """Take every step that is due at `at`; returns how many steps were taken.

    A group is the people at one step of one version, up to `group` of them. Each group is claimed and handled in one
    transaction: a kill leaves it as it was, a second worker passes over the claimed rows. A group that fails is left for
    the next tick and does not hold up the others; the first failure is raised in the end, so that it is seen.
    """
    stop_at, total = time.monotonic() + BUDGET_SECONDS, _sweep_stopped(at, group)
    failed: dict[int, Exception] = {}
    while time.monotonic() < stop_at:
        taken = 0
        for step in due.steps_due(at).exclude(id__in=list(failed)):
            try:
                taken += run_group(step.id, at=at, limit=group)
            except OperationalError:
                raise  # lock time-out, lost connection: the next tick tries again
            except Exception as error:
                log.exception("journey step %s failed", step.id)
                failed[step.id] = error
        total += taken
        if not taken:
            break
    for failure in failed.values():
        raise failure
    return total


def run_group(step_id: int, *, at: datetime, limit: int = GROUP) -> int:
    """Claim up to `limit` people due at one step and take it; returns how many."""
    with transaction.atomic():
        step_row = JourneyStep.objects.select_related("version").get(id=step_id)
        walk = walks.of(step_row.version)
        people = _claim(step_row, walk, at=at, limit=limit)
        if people:
            _take(people, walk.step(step_row.key), walk=walk, at=at)
    return len(people)


def _claim(step: JourneyStep, walk: Walk, *, at: datetime, limit: int) -> list[Person]:
    if walk.journey.state != JourneyState.LIVE:
        return []
    waiting = Enrolment.objects.filter(IS_ACTIVE, step=step, due_at__lte=at).order_by("due_at")
    return _people(sql.for_update(waiting, skip_locked=True)[:limit].values_list("id", "customer_id", "due_at", "run"))


def _people(rows: Iterable[tuple[int, int, datetime | None, int]]) -> list[Person]:
    """Claimed rows with the time zone of each customer, the brand's where none is known."""
    claimed = [(pk, customer_id, moment, run) for pk, customer_id, moment, run in rows if moment is not None]
    home = brand.current().timezone
    zones = dict(
        Customer.objects.filter(id__among=[row[1] for row in claimed]).exclude(timezone="").values_list("id", "timezone")
    )
    return [Person(pk, customer_id, moment, zones.get(customer_id, home), run) for pk, customer_id, moment, run in claimed]


def _take(people: list[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    if step.kind == StepKind.SEND:
        _send(people, step, walk=walk, at=at)
    elif step.kind == StepKind.WAIT:
        move.go_on(people, step, Outcome.WAITED, walk=walk, at=at)
    elif step.kind == StepKind.WAIT_EVENT:
        _time_out(people, step, walk=walk, at=at)
    elif step.kind == StepKind.SPLIT:
        _split(people, step, walk=walk, at=at)
    elif step.kind == StepKind.EFFECT:
        _apply(people, step, walk=walk, at=at)
    else:
        move.end(people, EnrolmentState.EXITED, reason=step.name, walk=walk, at=at)
        JourneyStep.objects.filter(id=walk.steps[step.key].id).update(passed_count=F("passed_count") + len(people))


def _by_run(people: Sequence[Person]) -> list[tuple[int, list[Person]]]:
    groups: dict[int, list[Person]] = defaultdict(list)
    for person in people:
        groups[person.run].append(person)
    return sorted(groups.items())


def occasion(walk: Walk, step: Step, run: int) -> str:
    """What makes a step of a run unique for ever, in every version: nobody gets it twice for the same run."""
    return f"journey:{walk.journey.id}:step:{step.key}:run:{run}"


def _send(people: list[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    version = walk.steps[step.key].content_version
    if version is None:
        raise LookupError(f"step {step.key} of journey {walk.journey.id} has no content to send")
    for run, group in _by_run(people):
        planning.plan(
            audience=[person.customer_id for person in group],
            content_version=version,
            topic=walk.journey.topic,
            source_kind=SourceKind.JOURNEY,
            source_id=walk.journey.id,
            occasion=occasion(walk, step, run),
            due_at=at,
            at=at,
        )
    move.go_on(people, step, Outcome.PLANNED, walk=walk, at=at)
    enqueue("campaigns.send_due")


def _time_out(people: list[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    """Time ran out, unless it happened before and the event came in while the person was still on the way here."""
    if step.trigger is None or step.wait is None:
        raise ValueError(f"step {step.key} waits for nothing")
    since = {person.customer_id: person.due_at - step.wait.duration for person in people}
    done = move.happened(step.trigger, since=since, until=at)
    move.go_on([p for p in people if p.customer_id in done], step, Outcome.HAPPENED, walk=walk, at=at)
    move.go_on([p for p in people if p.customer_id not in done], step, Outcome.TIMED_OUT, walk=walk, at=at)


def _split(people: list[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    yes = matching_ids(step.definition, customer_ids=[person.customer_id for person in people], at=at)
    move.go_on([p for p in people if p.customer_id in yes], step, Outcome.YES, walk=walk, at=at)
    move.go_on([p for p in people if p.customer_id not in yes], step, Outcome.NO, walk=walk, at=at)


def _apply(people: list[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    """The effect books in this very transaction, and its key is this step of this run: it takes effect exactly once."""
    effect = effects.get(step.effect)
    for run, group in _by_run(people):
        effect.apply([p.customer_id for p in group], dict(step.params), occasion(walk, step, run), at)
    move.go_on(people, step, Outcome.APPLIED, walk=walk, at=at)


def _sweep_stopped(at: datetime, limit: int) -> int:
    """End the runs of journeys that were stopped, a group at a time."""
    total = 0
    while True:
        with transaction.atomic():
            left = sql.for_update(due.left_in_stopped().order_by("id"), skip_locked=True)[:limit]
            rows = list(left.values_list("id", "customer_id", "due_at", "run", "version_id"))
            for version_id in {row[4] for row in rows}:
                people = _people([row[:4] for row in rows if row[4] == version_id])
                move.end(people, EnrolmentState.EXITED, reason="stopped", walk=walks.load([version_id])[version_id], at=at)
        total += len(rows)
        if len(rows) < limit:
            return total
