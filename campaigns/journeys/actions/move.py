"""Moving people along: arriving at a step, ending a run, and the log of both. All in sets, in the caller's transaction."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from campaigns.enums import MessageState, Reason, SourceKind
from campaigns.journeys import events
from campaigns.journeys.enums import EnrolmentState, Outcome, StepKind
from campaigns.journeys.models import Enrolment, JourneyStep, JourneyVersion, StepLog
from campaigns.journeys.queries.walks import Walk
from campaigns.journeys.rules import timing
from campaigns.journeys.rules.graph import Step
from campaigns.journeys.rules.triggers import Trigger
from campaigns.models.message import Message
from config.kit import sql
from customers.actions import timeline
from customers.actions.timeline import NewEvent, event_key
from customers.models import Event

COUNTERS = {
    EnrolmentState.COMPLETED: "completed_count",
    EnrolmentState.EXITED: "exited_count",
    EnrolmentState.GOAL: "goal_count",
}
OUTCOMES = {
    EnrolmentState.COMPLETED: Outcome.COMPLETED,
    EnrolmentState.EXITED: Outcome.EXITED,
    EnrolmentState.GOAL: Outcome.GOAL,
}


@dataclass(frozen=True, slots=True)
class Person:
    """One claimed enrolment. `due_at` is when the step they stand at was due, from which the next one counts."""

    id: int
    customer_id: int
    due_at: datetime
    zone: str
    run: int


def arrive(people: Sequence[Person], key: str | None, *, walk: Walk, at: datetime) -> None:
    """Put people at the step `key` and set when it is due; None is the end of the journey."""
    if not people:
        return None
    if key is None:
        return end(people, EnrolmentState.COMPLETED, reason="end", walk=walk, at=at)
    step = walk.step(key)
    if step.kind == StepKind.WAIT and step.wait and step.wait.clock:
        _wait_for_clock(people, step, walk=walk, at=at)
    elif step.kind == StepKind.WAIT_EVENT:
        _wait_for_event(people, step, walk=walk, at=at)
    else:
        start = _start(people, at)
        duration = step.wait.duration if step.wait else None
        due: Combinable = ExpressionWrapper(start + duration, DateTimeField()) if duration else start
        _stand(people, walk.steps[key], state=EnrolmentState.WAITING, due=due, since=start)
    return None


def place(step: Step, zone: str, at: datetime) -> tuple[EnrolmentState, datetime]:
    """How somebody in this time zone who comes to `step` at `at` stands there, and when it is due."""
    if step.kind == StepKind.WAIT_EVENT:
        if step.wait is None:
            raise ValueError(f"step {step.key} waits for nothing")
        return EnrolmentState.WAITING_EVENT, at + step.wait.duration
    return EnrolmentState.WAITING, timing.wait_end(at, step.wait, zone_name=zone) if step.wait else at


def begin(people: Sequence[Person], *, walk: Walk, at: datetime) -> None:
    """What is left to do for people who were put at the first step with `place`."""
    if walk.graph.first is None:
        return arrive(people, None, walk=walk, at=at)
    step = walk.step(walk.graph.first)
    if step.kind == StepKind.WAIT_EVENT:
        _pass_who_did(people, step, walk=walk, at=at)
    return None


def _start(people: Sequence[Person], at: datetime) -> Combinable:
    """From when the step counts, as SQL: one value where all share it, otherwise each row's own due time."""
    first = people[0].due_at
    if all(person.due_at == first for person in people):
        return Value(timing.base(first, at=at), DateTimeField())
    return Greatest(F("due_at"), Value(at - timing.MOST_CATCHING_UP, DateTimeField()))


def _stand(
    people: Sequence[Person], row: JourneyStep, *, state: EnrolmentState, due: Combinable | datetime, since: Combinable
) -> None:
    Enrolment.objects.filter(id__among={person.id for person in people}).update(
        step=row, state=state, due_at=due, moved_at=since
    )


def _wait_for_clock(people: Sequence[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    """One UPDATE per distinct end of the wait: there are about as many as time zones."""
    wait = step.wait
    ends: dict[tuple[str, datetime], datetime] = {}
    groups: dict[datetime, list[Person]] = defaultdict(list)
    for person in people:
        known = (person.zone, person.due_at)
        if known not in ends:
            ends[known] = timing.wait_end(timing.base(person.due_at, at=at), wait, zone_name=person.zone)  # type: ignore[arg-type]
        groups[ends[known]].append(person)
    for moment, group in groups.items():
        _stand(group, walk.steps[step.key], state=EnrolmentState.WAITING, due=moment, since=_start(group, at))


def _wait_for_event(people: Sequence[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    if step.wait is None:
        raise ValueError(f"step {step.key} waits for nothing")
    start = _start(people, at)
    due = ExpressionWrapper(start + step.wait.duration, DateTimeField())
    _stand(people, walk.steps[step.key], state=EnrolmentState.WAITING_EVENT, due=due, since=start)
    _pass_who_did(people, step, walk=walk, at=at)


def _pass_who_did(people: Sequence[Person], step: Step, *, walk: Walk, at: datetime) -> None:
    """Whoever did it between the due time and now goes on at once: the event came in before they stood here."""
    if step.trigger is None:
        raise ValueError(f"step {step.key} waits for nothing")
    since = {person.customer_id: timing.base(person.due_at, at=at) for person in people}
    done = happened(step.trigger, since=since, until=at)
    if done:
        go_on([person for person in people if person.customer_id in done], step, Outcome.HAPPENED, walk=walk, at=at)


def happened(trigger: Trigger, *, since: dict[int, datetime], until: datetime) -> set[int]:
    """Those of the customers to whom the event happened at or after their moment in `since`."""
    if not since:
        return set()
    rows = Event.objects.filter(
        customer_id__among=since, name=trigger.event, occurred_at__gte=min(since.values()), occurred_at__lte=until
    ).values_list("customer_id", "occurred_at", "properties")
    return {
        customer_id
        for customer_id, occurred_at, properties in rows.iterator(chunk_size=2000)
        if occurred_at >= since[customer_id] and trigger.fits(trigger.event, properties)
    }


def go_on(people: Sequence[Person], step: Step, outcome: Outcome, *, walk: Walk, at: datetime, detail: str = "{}") -> None:
    """Leave `step` with this outcome for the step that follows from it."""
    if not people:
        return
    row = walk.steps[step.key]
    if outcome in (Outcome.HAPPENED, Outcome.YES):
        follower = step.yes
    elif outcome in (Outcome.TIMED_OUT, Outcome.NO):
        follower = step.no
    else:
        follower = step.next
    log(people, row.id, outcome, at=at, detail=detail)
    counter = "skipped_count" if outcome == Outcome.SKIPPED else "passed_count"
    arrive(people, follower, walk=walk, at=at)
    JourneyStep.objects.filter(id=row.id).update(**{counter: F(counter) + len(people)})


def end(people: Sequence[Person], state: EnrolmentState, *, reason: str, walk: Walk, at: datetime) -> None:
    """End these runs as completed, exited or goal; the timeline hears of it."""
    if not people:
        return
    goal = {"goal_at": at} if state == EnrolmentState.GOAL else {}
    Enrolment.objects.filter(id__among={person.id for person in people}).update(
        state=state, due_at=None, ended_at=at, end_reason=reason[:60], **goal
    )
    log(people, None, OUTCOMES[state], at=at, detail=json.dumps({"reason": reason}))
    counter = COUNTERS[state]
    JourneyVersion.objects.filter(id=walk.version.id).update(**{counter: F(counter) + len(people)})
    name = events.EXITED if state == EnrolmentState.EXITED else events.COMPLETED
    tell(people, name, walk=walk, at=at, reason=reason)


def tell(people: Sequence[Person], name: str, *, walk: Walk, at: datetime, **more: str) -> None:
    """Record one event per person on the timeline."""
    properties = {"journey_id": walk.journey.id, "journey": walk.journey.name, **more}
    timeline.record_many(
        [
            NewEvent(person.customer_id, name, at, event_key(events.SOURCE, name, person.id), events.SOURCE, properties)
            for person in people
        ],
        at=at,
    )


def log(people: Sequence[Person], step_id: int | None, outcome: Outcome, *, at: datetime, detail: str = "{}") -> None:
    """Append one row per person to the log; `detail` is JSON text, the same for all."""
    moment = StepLog._meta.get_field("at").get_db_prep_save(at, connection)
    rows = ((person.id, step_id, moment, outcome.value, detail) for person in people)
    sql.insert(StepLog._meta.db_table, ["enrolment_id", "step_id", "at", "outcome", "detail"], rows)


def cancel_messages(journey_id: int, customer_ids: Sequence[int]) -> int:
    """Cancel what this journey has queued for these customers and no worker has begun to send; returns how many."""
    queued = Message.objects.filter(
        source_kind=SourceKind.JOURNEY,
        source_id=journey_id,
        customer_id__among=customer_ids,
        state__in=[MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED],
    )
    return queued.update(state=MessageState.CANCELLED, reason=Reason.LEFT_JOURNEY, token=None, lease_until=None)


def from_now(people: Sequence[Person], at: datetime) -> list[Person]:
    """The same people, whose next step counts from `at`."""
    return [replace(person, due_at=at) for person in people]
