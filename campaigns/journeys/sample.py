"""The sample company's journeys, and the people who walked them in the last seven months, marked as generated.

The walks are not drawn at random: real orders of the sample decide who enters, who comes back and who reaches the goal, by
the same rules as the engine. Both journeys are live from the end of the story on, so that nothing of the past is sent.
"""

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.actions.planning import occasion_key
from campaigns.enums import MessageState, Reason, SourceKind
from campaigns.journeys import events
from campaigns.journeys.actions import lifecycle
from campaigns.journeys.actions.advance import occasion
from campaigns.journeys.actions.lifecycle import NotReady
from campaigns.journeys.enums import EnrolmentState, Outcome, StepKind
from campaigns.journeys.models import Enrolment, Journey, JourneyStep, JourneyVersion, StepLog
from campaigns.journeys.queries import walks
from campaigns.journeys.queries.walks import Walk
from campaigns.journeys.rules import timing
from campaigns.journeys.rules.graph import Step
from campaigns.journeys.rules.recipes import RECIPES
from campaigns.journeys.rules.triggers import Goal
from campaigns.models.message import Message
from campaigns.rules import holdout
from config.kit.clock import zone
from customers.actions import timeline
from customers.actions.timeline import NewEvent, event_key
from customers.enums import Channel, ConsentState
from customers.models import Consent, Order
from customers.ports import effects
from customers.ports.samples import Story
from customers.queries import brand as brands

LIVE_FOR = timedelta(days=210)
QUIET = timedelta(days=90)
GENERATED = {"generated": True}
SAMPLE = "sample"
# Shares of delivered e-mails that a person opens, and of those that are clicked.
OPENED = {"onboarding": 0.52, "win-back": 0.27}
CLICKED = {"onboarding": 0.24, "win-back": 0.14}
REGULAR_ORDERS = 3

Orders = dict[int, list[datetime]]
Entrants = Iterable[tuple[int, datetime]]


@dataclass(slots=True)
class Trail:
    """One person's walk: where it stands when the story ends, and what happened on the way."""

    customer_id: int
    entered_at: datetime
    state: EnrolmentState = EnrolmentState.COMPLETED
    step: str | None = None
    moved_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    goal_at: datetime | None = None
    reason: str = "end"
    log: list[tuple[str | None, datetime, Outcome]] = field(default_factory=list)


def build(story: Story) -> None:
    """Both journeys with their history, live since the end of the story."""
    orders = _orders()
    since = story.at - LIVE_FOR
    for key, entrants in (("onboarding", _first_orders(orders, since)), ("win-back", _gone_quiet(orders, since, story.at))):
        with transaction.atomic():
            journey = _journey(key, since=since)
            if journey is None:
                continue
            _history(journey, key, entrants, orders, story)
            Journey.objects.filter(pk=journey.pk).update(activated_at=story.at + timedelta(seconds=1))
        story.progress("Journeys", 1)


def _orders() -> Orders:
    found: Orders = defaultdict(list)
    for customer_id, placed_at in (
        Order.objects.order_by("placed_at", "id").values_list("customer_id", "placed_at").iterator()
    ):
        found[customer_id].append(placed_at)
    return found


def _first_orders(orders: Orders, since: datetime) -> Iterator[tuple[int, datetime]]:
    return ((customer_id, placed[0]) for customer_id, placed in sorted(orders.items()) if placed[0] >= since)


def _gone_quiet(orders: Orders, since: datetime, until: datetime) -> Iterator[tuple[int, datetime]]:
    """The first time in the story that a customer's last order lay 90 days back."""
    for customer_id, placed in sorted(orders.items()):
        for index, moment in enumerate(placed):
            quiet_at = moment + QUIET
            following = placed[index + 1] if index + 1 < len(placed) else None
            if since <= quiet_at <= until and (following is None or following > quiet_at):
                yield customer_id, quiet_at
                break


def _journey(key: str, *, since: datetime) -> Journey | None:
    """The journey live since then; the draft stays when something it needs is missing."""
    if Journey.objects.filter(slug=key).exists():
        return None
    journey = lifecycle.create_from_recipe(RECIPES[key], user_id=None, at=since)
    try:
        lifecycle.go_live(journey, user_id=None, at=since)
    except NotReady:
        return None
    return journey


def _history(journey: Journey, key: str, entrants: Entrants, orders: Orders, story: Story) -> None:
    newest = journey.versions.get()
    walk, goal = walks.of(newest), Goal.of(journey.goal)
    home = brands.current().timezone
    trails = [
        _control(customer_id, entered_at, goal, orders[customer_id], story.at)
        if holdout.is_held_out(f"journey:{journey.pk}", customer_id, journey.holdout_percent)
        else _walk(customer_id, entered_at, walk, goal, orders[customer_id], home, story.at)
        for customer_id, entered_at in entrants
    ]
    runs = _store_runs(walk, trails)
    _store_counts(walk, trails)
    _store_log(walk, trails, runs)
    _store_messages(walk, key, trails, story)
    _apply_effects(walk, trails)
    _tell(walk, trails, runs, story.at)


def _goal_moment(goal: Goal | None, entered_at: datetime, placed: Sequence[datetime], until: datetime) -> datetime | None:
    if goal is None:
        return None
    following = placed[bisect_right(placed, entered_at) :]
    return next((m for m in following if goal.counts(m, entered_at=entered_at) and m <= until), None)


def _control(
    customer_id: int, entered_at: datetime, goal: Goal | None, placed: Sequence[datetime], until: datetime
) -> Trail:
    trail = Trail(customer_id, entered_at, EnrolmentState.CONTROL, reason="")
    trail.goal_at = _goal_moment(goal, entered_at, placed, until)
    trail.log.append((None, entered_at, Outcome.HELD_OUT))
    return trail


def _walk(
    customer_id: int,
    entered_at: datetime,
    walk: Walk,
    goal: Goal | None,
    placed: Sequence[datetime],
    home: str,
    until: datetime,
) -> Trail:
    trail = Trail(customer_id, entered_at)
    trail.goal_at = _goal_moment(goal, entered_at, placed, until)
    ends_at = trail.goal_at if goal and goal.ends else None
    trail.log.append((None, entered_at, Outcome.ENTERED))
    moment, key = entered_at, walk.graph.first
    while key is not None:
        step = walk.step(key)
        done_at, outcome, follower = _take(step, moment, placed, home)
        if ends_at is not None and ends_at <= done_at:
            trail.log.append((None, ends_at, Outcome.GOAL))
            trail.state, trail.ended_at, trail.reason, trail.step = EnrolmentState.GOAL, ends_at, "goal", key
            return trail
        if done_at > until:
            waits = step.kind == StepKind.WAIT_EVENT
            trail.state = EnrolmentState.WAITING_EVENT if waits else EnrolmentState.WAITING
            trail.step, trail.moved_at, trail.due_at, trail.reason = key, moment, done_at, ""
            return trail
        trail.log.append((key, done_at, outcome))
        trail.step, moment, key = key, done_at, follower
    trail.ended_at = moment
    trail.log.append((None, moment, Outcome.COMPLETED))
    return trail


def _take(step: Step, moment: datetime, placed: Sequence[datetime], home: str) -> tuple[datetime, Outcome, str | None]:
    """When a step that begins at `moment` is done, how, and what follows."""
    if step.kind == StepKind.WAIT and step.wait:
        return timing.wait_end(moment, step.wait, zone_name=home), Outcome.WAITED, step.next
    if step.kind == StepKind.WAIT_EVENT and step.wait:
        latest = moment + step.wait.duration
        following = placed[bisect_right(placed, moment) :]
        if following and following[0] <= latest:
            return following[0], Outcome.HAPPENED, step.yes
        return latest, Outcome.TIMED_OUT, step.no
    if step.kind == StepKind.SPLIT:
        is_regular = bisect_right(placed, moment) >= REGULAR_ORDERS
        return (moment, Outcome.YES, step.yes) if is_regular else (moment, Outcome.NO, step.no)
    outcome = Outcome.PLANNED if step.kind == StepKind.SEND else Outcome.APPLIED
    return moment, outcome, step.next


def _store_runs(walk: Walk, trails: Sequence[Trail]) -> list[Enrolment]:
    return Enrolment.objects.bulk_create(
        [
            Enrolment(
                journey=walk.journey,
                version=walk.version,
                customer_id=trail.customer_id,
                step=walk.steps[trail.step] if trail.step else None,
                state=trail.state,
                due_at=trail.due_at,
                entered_at=trail.entered_at,
                moved_at=trail.moved_at or trail.ended_at or trail.entered_at,
                ended_at=trail.ended_at,
                goal_at=trail.goal_at,
                end_reason=trail.reason,
                run_key="once" if walk.journey.reentry == "once" else SAMPLE,
                is_generated=True,
            )
            for trail in trails
        ],
        batch_size=1000,
    )


def _store_counts(walk: Walk, trails: Sequence[Trail]) -> None:
    inside = [trail for trail in trails if trail.state != EnrolmentState.CONTROL]
    control = [trail for trail in trails if trail.state == EnrolmentState.CONTROL]
    JourneyVersion.objects.filter(pk=walk.version.pk).update(
        entered_count=len(inside),
        control_count=len(control),
        completed_count=sum(trail.state == EnrolmentState.COMPLETED for trail in inside),
        goal_count=sum(trail.goal_at is not None for trail in inside),
        control_goal_count=sum(trail.goal_at is not None for trail in control),
    )
    passed: dict[str, int] = defaultdict(int)
    for trail in inside:
        for key, _, _ in trail.log:
            if key is not None:
                passed[key] += 1
    for key, count in passed.items():
        JourneyStep.objects.filter(pk=walk.steps[key].pk).update(passed_count=count)


def _store_log(walk: Walk, trails: Sequence[Trail], runs: Sequence[Enrolment]) -> None:
    StepLog.objects.bulk_create(
        [
            StepLog(enrolment=run, step=walk.steps[key] if key else None, at=at, outcome=outcome, detail=GENERATED)
            for trail, run in zip(trails, runs, strict=True)
            for key, at, outcome in trail.log
        ],
        batch_size=2000,
    )


def _store_messages(walk: Walk, key: str, trails: Sequence[Trail], story: Story) -> None:
    """A message per send: delivered to those who subscribed, skipped with its reason for the others."""
    dice = random.Random(f"{story.seed}:journey:{key}")
    subscribed = set(
        Consent.objects.filter(topic=walk.journey.topic, channel=Channel.EMAIL, state=ConsentState.GRANTED).values_list(
            "customer_id", flat=True
        )
    )
    keys = {step.key: occasion_key(occasion(walk, step, 1)) for step in walk.graph.steps.values()}
    messages = []
    for trail in trails:
        for step_key, at, outcome in trail.log:
            if outcome != Outcome.PLANNED or step_key is None:
                continue
            message = _message(walk, trail.customer_id, step_key, at)
            message.occasion = keys[step_key]
            if trail.customer_id in subscribed:
                _deliver(message, dice, OPENED[key], CLICKED[key], story.at)
            else:
                message.state, message.reason = MessageState.SKIPPED, Reason.NO_CONSENT
            messages.append(message)
    stored = Message.objects.bulk_create(messages, batch_size=1000)
    timeline.record_many([event for message in stored for event in _mail_events(message)], at=story.at)


def _message(walk: Walk, customer_id: int, key: str, at: datetime) -> Message:
    return Message(
        customer_id=customer_id,
        source_kind=SourceKind.JOURNEY,
        source_id=walk.journey.pk,
        content_version=walk.steps[key].content_version,
        topic=walk.journey.topic,
        detail="generated",
        due_at=at,
        planned_at=at,
    )


def _deliver(message: Message, dice: random.Random, opened: float, clicked: float, until: datetime) -> None:
    message.state, message.attempt_no = MessageState.DELIVERED, 1
    message.sent_at = message.due_at + timedelta(seconds=dice.randint(2, 40))
    message.delivered_at = message.sent_at + timedelta(seconds=dice.randint(1, 90))
    if dice.random() < opened:
        opened_at = message.delivered_at + timedelta(minutes=dice.expovariate(1 / 400))
        message.opened_at = opened_at if opened_at <= until else None
        if message.opened_at and dice.random() < clicked:
            clicked_at = opened_at + timedelta(seconds=dice.randint(5, 400))
            message.clicked_at = clicked_at if clicked_at <= until else None


def _mail_events(message: Message) -> Iterator[NewEvent]:
    properties = {
        "message_id": message.pk, "source_kind": SourceKind.JOURNEY.value, "source_id": message.source_id,
        "channel": Channel.EMAIL.value, "name": message.content_version.content.name, **GENERATED,
    }  # fmt: skip
    moments = {"sent": message.sent_at, "opened": message.opened_at, "clicked": message.clicked_at}
    for verb, moment in moments.items():
        if moment is not None:
            key = event_key("campaigns", "message", message.pk, verb)
            yield NewEvent(message.customer_id, f"message.{verb}", moment, key, SAMPLE, properties)


def _apply_effects(walk: Walk, trails: Sequence[Trail]) -> None:
    """Give what the steps gave, one call per step and day."""
    home = zone(brands.current().timezone)
    days: dict[tuple[str, object], list[tuple[int, datetime]]] = defaultdict(list)
    for trail in trails:
        for key, at, outcome in trail.log:
            if key is not None and outcome == Outcome.APPLIED:
                days[key, at.astimezone(home).date()].append((trail.customer_id, at))
    for (key, _), people in days.items():
        step = walk.step(key)
        if effects.has(step.effect):
            customer_ids, at = [customer_id for customer_id, _ in people], max(at for _, at in people)
            effects.get(step.effect).apply(customer_ids, dict(step.params), occasion(walk, step, 1), at)


def _tell(walk: Walk, trails: Sequence[Trail], runs: Sequence[Enrolment], at: datetime) -> None:
    properties = {"journey_id": walk.journey.pk, "journey": walk.journey.name, **GENERATED}
    told = []
    for trail, run in zip(trails, runs, strict=True):
        if trail.state == EnrolmentState.CONTROL:
            continue
        key = event_key(events.SOURCE, events.ENTERED, run.pk)
        told.append(NewEvent(trail.customer_id, events.ENTERED, trail.entered_at, key, SAMPLE, properties))
        if trail.ended_at is not None:
            key = event_key(events.SOURCE, events.COMPLETED, run.pk)
            more = {**properties, "reason": trail.reason}
            told.append(NewEvent(trail.customer_id, events.COMPLETED, trail.ended_at, key, SAMPLE, more))
    timeline.record_many(told, at=at)
