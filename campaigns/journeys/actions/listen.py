"""What a batch of events means for journeys: who enters, who stops waiting, who reached the goal, who must leave."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from campaigns.journeys.actions import enrol, move
from campaigns.journeys.actions.enrol import Candidate
from campaigns.journeys.actions.move import Person
from campaigns.journeys.enums import ACTIVE, EnrolmentState, JourneyState, Outcome, StepKind
from campaigns.journeys.models import Enrolment, Journey, JourneyStep, JourneyVersion
from campaigns.journeys.queries import walks
from campaigns.journeys.queries.walks import Walk
from campaigns.journeys.rules.triggers import Entry, Goal, Trigger, may_start
from config.kit import sql
from customers.models import Customer, EventAggregate
from customers.ports.subscribers import TimelineEvent
from customers.queries import brand


@dataclass(frozen=True, slots=True)
class Listener:
    """A journey that is live or paused, and what it listens to."""

    journey: Journey
    entry: Entry
    goal: Goal | None
    exits: tuple[Trigger, ...]


def hear(events: Sequence[TimelineEvent], *, at: datetime) -> None:
    """Handle a batch. When no journey listens to its names it costs two small queries.

    Entries go first, so that an order that starts a journey and one that is its goal may come in one batch.
    """
    names = {event.name for event in events}
    by_name: dict[str, list[TimelineEvent]] = defaultdict(list)
    for event in events:
        by_name[event.name].append(event)
    listeners = _listeners()
    for listener in listeners:
        if listener.entry.trigger and listener.entry.trigger.event in names and listener.journey.state == JourneyState.LIVE:
            _enter(listener, by_name[listener.entry.trigger.event], at=at)
    _stop_waiting(by_name, at=at)
    for listener in listeners:
        if listener.goal and listener.goal.trigger.event in names:
            _reach_goal(listener.journey, listener.goal, by_name[listener.goal.trigger.event], at=at)
        for trigger in listener.exits:
            if trigger.event in names:
                _leave(listener.journey, trigger, by_name[trigger.event], at=at)


def _listeners() -> list[Listener]:
    journeys = Journey.objects.filter(state__in=[JourneyState.LIVE, JourneyState.PAUSED]).order_by("id")
    return [Listener(j, Entry.of(j.entry), Goal.of(j.goal), _exits(j)) for j in journeys.select_related("topic")]


def _exits(journey: Journey) -> tuple[Trigger, ...]:
    """What ends a run at once: the journey's own conditions, and taking back the consent for its topic."""
    own = [Trigger.of(spec) for spec in journey.exits]
    return (*own, Trigger("consent.withdrawn", {"topic": journey.topic.slug})) if journey.topic else tuple(own)


def _fitting(trigger: Trigger, events: Iterable[TimelineEvent]) -> list[TimelineEvent]:
    return [event for event in events if trigger.fits(event.name, event.properties)]


def _enter(listener: Listener, events: Sequence[TimelineEvent], *, at: datetime) -> None:
    journey, entry = listener.journey, listener.entry
    if entry.trigger is None or journey.activated_at is None:
        return
    starting = [
        event
        for event in _fitting(entry.trigger, events)
        if may_start(occurred_at=event.occurred_at, received_at=event.received_at, activated_at=journey.activated_at)
    ]
    if starting and entry.first_only:
        first = dict(
            EventAggregate.objects.filter(
                name=entry.trigger.event, customer_id__among={event.customer_id for event in starting}
            ).values_list("customer_id", "first_at")
        )
        starting = [e for e in starting if e.occurred_at <= first.get(e.customer_id, e.occurred_at)]
    walk = published(journey.id) if starting else None
    if walk:
        candidates = [Candidate(e.customer_id, f"event:{e.id}", e.occurred_at) for e in starting]
        enrol.enrol(candidates, walk=walk, audience=entry.audience, at=at)


def published(journey_id: int) -> Walk | None:
    """The version that new people enter: the newest published one."""
    newest = JourneyVersion.objects.filter(journey_id=journey_id, published_at__isnull=False).order_by("-number").first()
    return walks.of(newest) if newest else None


def _stop_waiting(by_name: dict[str, list[TimelineEvent]], *, at: datetime) -> None:
    steps = JourneyStep.objects.filter(
        kind=StepKind.WAIT_EVENT,
        event__in=list(by_name),
        version__published_at__isnull=False,
        version__journey__state__in=[JourneyState.LIVE, JourneyState.PAUSED],
    ).order_by("id")
    rows = list(steps)
    found = walks.load({row.version_id for row in rows})
    for row in rows:
        walk = found[row.version_id]
        step = walk.step(row.key)
        if step.trigger is None:
            continue
        when = _moments(_fitting(step.trigger, by_name[row.event]))
        if not when:
            continue
        waiting = Enrolment.objects.filter(
            journey=walk.journey, customer_id__among=when, state=EnrolmentState.WAITING_EVENT, step=row
        )
        claimed = _claim(waiting, with_zones=True)
        people = [h.person for h in claimed if any(moment >= h.moved_at for moment in when[h.person.customer_id])]
        move.go_on(move.from_now(people, at), step, Outcome.HAPPENED, walk=walk, at=at)


def _moments(events: Iterable[TimelineEvent]) -> dict[int, list[datetime]]:
    """When it happened, by customer, oldest first."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for event in events:
        found[event.customer_id].append(event.occurred_at)
    return {customer_id: sorted(moments) for customer_id, moments in found.items()}


@dataclass(frozen=True, slots=True)
class Held:
    """A locked run: whose it is, on which version, since when inside and since when at its step."""

    person: Person
    version_id: int
    state: str
    entered_at: datetime
    moved_at: datetime


def _claim(enrolments: QuerySet[Enrolment], *, with_zones: bool = False) -> list[Held]:
    """Lock rows in the order of their ids (as every handler does); waits for a tick that holds one of them.

    Zones are looked up for those who go on to further steps; whoever leaves needs none.
    """
    columns = ("id", "customer_id", "due_at", "moved_at", "run", "version_id", "state", "entered_at")
    rows = sql.fetch(sql.for_update(enrolments.order_by("id")).values_list(*columns))
    home = brand.current().timezone if rows else ""
    zones: dict[int, str] = {}
    if with_zones and rows:
        known = Customer.objects.filter(id__among=[row[1] for row in rows]).exclude(timezone="")
        zones = dict(known.values_list("id", "timezone"))
    return [
        Held(
            Person(pk, customer_id, due_at or moved_at, zones.get(customer_id, home), run),
            version_id,
            state,
            entered_at,
            moved_at,
        )
        for pk, customer_id, due_at, moved_at, run, version_id, state, entered_at in rows
    ]


def _reach_goal(journey: Journey, goal: Goal, events: Sequence[TimelineEvent], *, at: datetime) -> None:
    """Note the goal for everybody within its window, held-out people too; who is still inside leaves as a success."""
    when = _moments(_fitting(goal.trigger, events))
    if not when:
        return
    open_runs = Enrolment.objects.filter(journey=journey, goal_at=None)
    counting = _counting(open_runs, goal, when)
    if not counting:
        return
    reached: dict[int, dict[EnrolmentState, list[Person]]] = defaultdict(lambda: defaultdict(list))
    reached_at: list[tuple[int, datetime]] = []
    for held in _claim(open_runs.filter(id__among=counting)):
        reached[held.version_id][EnrolmentState(held.state)].append(held.person)
        reached_at.append((held.person.id, counting[held.person.id]))
    found = walks.load(reached)
    for version_id, by_state in sorted(reached.items()):
        walk = found[version_id]
        inside = [person for state in ACTIVE for person in by_state.get(state, [])] if goal.ends else []
        control = by_state.pop(EnrolmentState.CONTROL, [])
        later = [person for state, people in by_state.items() if not (goal.ends and state in ACTIVE) for person in people]
        move.end(inside, EnrolmentState.GOAL, reason="goal", walk=walk, at=at)
        move.log(later + control, None, Outcome.GOAL, at=at)
        if goal.ends:
            move.cancel_messages(journey.id, [person.customer_id for person in inside + later])
        JourneyVersion.objects.filter(id=version_id).update(
            goal_count=F("goal_count") + len(later), control_goal_count=F("control_goal_count") + len(control)
        )
    sql.update_many(Enrolment, "id", ("goal_at",), reached_at)


def _counting(open_runs: QuerySet[Enrolment], goal: Goal, when: dict[int, list[datetime]]) -> dict[int, datetime]:
    """The runs for which the goal was reached and when, by id.

    Read without a lock: when a run began never changes, and most events are nobody's goal, while a lock writes the row.
    """
    begun = open_runs.filter(customer_id__among=when, entered_at__lt=max(moments[-1] for moments in when.values()))
    found: dict[int, datetime] = {}
    for pk, customer_id, entered_at in sql.fetch(begun.values_list("id", "customer_id", "entered_at")):
        moment = next((m for m in when[customer_id] if goal.counts(m, entered_at=entered_at)), None)
        if moment is not None:
            found[pk] = moment
    return found


def _leave(journey: Journey, trigger: Trigger, events: Sequence[TimelineEvent], *, at: datetime) -> None:
    """An exit condition acts at once, also in the middle of a wait, and takes queued messages back."""
    when = _moments(_fitting(trigger, events))
    if not when:
        return
    inside = Enrolment.objects.filter(Q(state__in=ACTIVE), journey=journey, customer_id__among=when)
    leaving: dict[int, list[Person]] = defaultdict(list)
    for held in _claim(inside):
        if when[held.person.customer_id][-1] >= held.entered_at:
            leaving[held.version_id].append(held.person)
    found = walks.load(leaving)
    for version_id, people in sorted(leaving.items()):
        move.end(people, EnrolmentState.EXITED, reason=trigger.event, walk=found[version_id], at=at)
        move.cancel_messages(journey.id, [person.customer_id for person in people])
