"""The engine takes steps in sets, once each, at the right time."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.db import connection

from campaigns.enums import MessageState, Reason
from campaigns.journeys.actions import advance, lifecycle, listen
from campaigns.journeys.enums import EnrolmentState, Outcome
from campaigns.journeys.models import Enrolment, JourneyStep, JourneyVersion, StepLog
from campaigns.models import Message
from campaigns.rules import holdout
from customers.models import Event
from customers.ports import effects
from tests.factories import journeys as make
from tests.factories import people

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def given():
    """An effect that notes what it was asked to do."""
    calls = []
    effect = effects.Effect("test.give", "Give", "gift", forms.Form, lambda ids, params, key, at: calls.append((ids, key)))
    effects.register(effect)
    yield calls
    del effects.registry._items["test.give"]


def named(name):
    return {"match": "all", "rules": [{"type": "field", "field": "customer.first_name", "op": "is", "value": name}]}


def state_of(customer):
    return Enrolment.objects.get(customer=customer).state


@pytest.mark.django_db
def test_journey_sends_waits_and_completes(at):
    make.journey(make.send("first"), make.wait(days=3), make.send("second"))
    alice = people.alice()
    make.happen(alice, "cart.left", at)

    advance.advance(at=at)
    assert Message.objects.count() == 1

    advance.advance(at=at + 2 * DAY)
    assert Message.objects.count() == 1

    advance.advance(at=at + 3 * DAY)
    assert Message.objects.count() == 2
    assert state_of(alice) == EnrolmentState.COMPLETED
    outcomes = list(StepLog.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == [Outcome.ENTERED, Outcome.PLANNED, Outcome.WAITED, Outcome.PLANNED, Outcome.COMPLETED]
    assert list(Event.objects.filter(name__startswith="journey.").order_by("id").values_list("name", flat=True)) == [
        "journey.entered", "journey.completed",
    ]  # fmt: skip
    version = JourneyVersion.objects.get()
    assert (version.entered_count, version.completed_count) == (1, 1)
    assert list(JourneyStep.objects.values_list("passed_count", flat=True)) == [1, 1, 1]


@pytest.mark.django_db
def test_tick_again_does_nothing(at):
    make.journey(make.send(), make.wait(days=1))
    make.happen(people.alice(), "cart.left", at)

    assert advance.advance(at=at) == 1
    assert advance.advance(at=at) == 0

    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_step_costs_the_same_for_one_and_for_fifty(at, django_assert_max_num_queries):
    make.journey(make.wait(days=1), make.send(), make.wait("later", days=9))
    events = [make.event(people.customer(f"Person{n}"), "cart.left", at) for n in range(50)]
    listen.hear(events, at=at)
    step = JourneyStep.objects.get(key="wait")

    with django_assert_max_num_queries(20):
        assert advance.run_group(step.id, at=at + DAY) == 50


@pytest.mark.django_db
def test_wait_counts_from_when_it_was_due_not_from_when_the_worker_came(at):
    make.journey(make.wait("one", days=1), make.wait("two", days=1))
    alice = people.alice()
    make.happen(alice, "cart.left", at)

    advance.advance(at=at + DAY + HOUR)

    assert Enrolment.objects.get().due_at == at + 2 * DAY


@pytest.mark.django_db
def test_after_a_long_outage_messages_keep_their_distance(at):
    make.journey(make.wait("one", days=1), make.send(), make.wait("two", days=1), make.send("again"))
    make.happen(people.alice(), "cart.left", at)

    advance.advance(at=at + 10 * DAY)

    assert Message.objects.count() == 1
    assert Enrolment.objects.get().due_at > at + 10 * DAY + 12 * HOUR


@pytest.mark.django_db
def test_kill_in_the_middle_leaves_all_or_nothing(at, monkeypatch):
    make.journey(make.send(), make.wait(days=1))
    make.happen(people.alice(), "cart.left", at)

    def power_cut(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("campaigns.journeys.actions.move.log", power_cut)
        with pytest.raises(KeyboardInterrupt):
            advance.advance(at=at)
    assert Message.objects.count() == 0
    assert Enrolment.objects.get().step.key == "hello"

    advance.advance(at=at)
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_failing_step_does_not_hold_up_other_journeys(at):
    broken = {"key": "gift", "kind": "effect", "name": "Gift", "effect": "nobody.offers_this", "params": {}}
    make.journey(broken)
    make.journey(make.send())
    alice = people.alice()
    make.happen(alice, "cart.left", at)

    with pytest.raises(LookupError):
        advance.advance(at=at)

    assert Message.objects.count() == 1
    assert Enrolment.objects.filter(state=EnrolmentState.WAITING).count() == 1


@pytest.mark.django_db
def test_split_and_effect_take_each_side(at, given):
    split = {
        "key": "big", "kind": "split", "name": "Named Alice?",
        "definition": named("Alice"),
        "then": [{"key": "gift", "kind": "effect", "name": "Gift", "effect": "test.give", "params": {}}],
        "otherwise": [{"key": "bye", "kind": "exit", "name": "Not today"}],
    }  # fmt: skip
    journey = make.journey(split, make.send())
    alice, bob = people.alice(), people.bob()
    for customer in (alice, bob):
        make.happen(customer, "cart.left", at)

    advance.advance(at=at)

    assert given == [([alice.id], f"journey:{journey.id}:step:gift:run:1")]
    assert list(Message.objects.values_list("customer_id", flat=True)) == [alice.id]
    assert (state_of(alice), state_of(bob)) == (EnrolmentState.COMPLETED, EnrolmentState.EXITED)


WAIT_FOR_ORDER = {
    "key": "order", "kind": "wait_event", "name": "Order?", "event": "order.placed", "days": 14,
    "then": [], "otherwise": [],
}  # fmt: skip


@pytest.mark.django_db
def test_waiting_for_an_event_goes_on_at_once_when_it_happens(at):
    make.journey({**WAIT_FOR_ORDER, "then": [make.send("thanks")], "otherwise": [make.send("nudge")]})
    alice, bob = people.alice(), people.bob()
    for customer in (alice, bob):
        make.happen(customer, "cart.left", at)
    advance.advance(at=at)

    make.happen(alice, "order.placed", at + DAY)
    advance.advance(at=at + DAY)
    advance.advance(at=at + 14 * DAY)

    sent = {message.customer: message.content_version.content.name for message in Message.objects.all()}
    assert sent == {alice: "thanks", bob: "nudge"}


@pytest.mark.django_db
def test_event_that_came_in_before_the_late_worker_still_counts(at):
    make.journey(make.wait(days=1), {**WAIT_FOR_ORDER, "then": [make.send("thanks")], "otherwise": [make.send("nudge")]})
    alice = people.alice()
    make.happen(alice, "cart.left", at)

    make.happen(alice, "order.placed", at + DAY + HOUR)
    advance.advance(at=at + DAY + 2 * HOUR)

    assert Message.objects.get().content_version.content.name == "thanks"


@pytest.mark.django_db
def test_goal_in_the_middle_of_a_wait_takes_back_the_queued_message(at):
    make.journey(make.send(), make.wait(days=9), make.send("more"), goal={"event": "order.placed", "within_days": 30})
    alice, bob = people.alice(), people.bob()
    for customer in (alice, bob):
        make.happen(customer, "cart.left", at)
    advance.advance(at=at)

    make.happen(alice, "order.placed", at + DAY)

    assert state_of(alice) == EnrolmentState.GOAL
    assert Enrolment.objects.get(customer=alice).goal_at == at + DAY
    message = Message.objects.get(customer=alice)
    assert (message.state, message.reason) == (MessageState.CANCELLED, Reason.LEFT_JOURNEY)
    assert Message.objects.get(customer=bob).state == MessageState.PLANNED
    assert state_of(bob) == EnrolmentState.WAITING


@pytest.mark.django_db
def test_message_being_sent_at_the_goal_is_left_alone(at):
    make.journey(make.send(), make.wait(days=9), goal={"event": "order.placed", "within_days": 30})
    alice = people.alice()
    make.happen(alice, "cart.left", at)
    advance.advance(at=at)
    Message.objects.update(state=MessageState.SENDING)

    make.happen(alice, "order.placed", at + DAY)

    assert Message.objects.get().state == MessageState.SENDING


@pytest.mark.django_db
def test_order_that_starts_a_journey_is_not_its_goal(at):
    order = {"kind": "event", "event": "order.placed", "first_only": True}
    make.journey(make.wait(days=1), entry=order, goal={"event": "order.placed", "within_days": 30})
    alice = people.alice()

    make.happen(alice, "order.placed", at)
    assert state_of(alice) == EnrolmentState.WAITING

    make.happen(alice, "order.placed", at + HOUR)
    assert state_of(alice) == EnrolmentState.GOAL


@pytest.mark.django_db
def test_goal_without_an_end_lets_people_walk_on(at):
    make.journey(make.wait(days=1), make.send(), goal={"event": "order.placed", "within_days": 30, "ends": False})
    alice = people.alice()
    make.happen(alice, "cart.left", at)

    make.happen(alice, "order.placed", at + HOUR)
    advance.advance(at=at + DAY)

    assert Message.objects.count() == 1
    assert state_of(alice) == EnrolmentState.COMPLETED
    assert JourneyVersion.objects.get().goal_count == 1


@pytest.mark.django_db
def test_exit_condition_and_withdrawn_consent_end_the_run_at_once(at):
    make.journey(make.send(), make.wait(days=9), exits=[{"event": "order.refunded"}])
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    for customer in (alice, bob, carol):
        make.happen(customer, "cart.left", at)
    advance.advance(at=at)

    make.happen(alice, "order.refunded", at + DAY)
    make.happen(bob, "consent.withdrawn", at + DAY, topic="news", channel="email")
    make.happen(carol, "consent.withdrawn", at + DAY, topic="other", channel="email")

    assert [state_of(alice), state_of(bob), state_of(carol)] == ["exited", "exited", "waiting"]
    assert Message.objects.filter(state=MessageState.CANCELLED).count() == 2


@pytest.mark.django_db
def test_held_out_people_get_nothing_but_their_goal_is_noted(at):
    journey = make.journey(make.send(), goal={"event": "order.placed", "within_days": 30}, holdout_percent=50)
    customers = [people.customer(f"Person{n}") for n in range(40)]
    listen.hear([make.event(customer, "cart.left", at) for customer in customers], at=at)

    advance.advance(at=at)
    for customer in customers:
        make.happen(customer, "order.placed", at + DAY)

    held = {c.id for c in customers if holdout.is_held_out(f"journey:{journey.id}", c.id, 50)}
    assert 5 < len(held) < 35
    assert set(Message.objects.values_list("customer_id", flat=True)) == {c.id for c in customers} - held
    control = Enrolment.objects.filter(state=EnrolmentState.CONTROL)
    assert set(control.values_list("customer_id", flat=True)) == held
    assert control.exclude(goal_at=at + DAY).count() == 0
    version = JourneyVersion.objects.get()
    assert (version.control_count, version.control_goal_count) == (len(held), len(held))
    assert not StepLog.objects.filter(enrolment__in=control, outcome=Outcome.PLANNED).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("policy", "runs"),
    [({"reentry": "once"}, 1), ({"reentry": "after_end"}, 2), ({"reentry": "after_days", "reentry_days": 5}, 2)],
)
def test_reentry_follows_the_policy(at, policy, runs):
    make.journey(make.send(), **policy)
    alice = people.alice()

    for day in (0, 0.1, 9):
        make.happen(alice, "cart.left", at + day * DAY)
        if day != 0:
            advance.advance(at=at + day * DAY)

    assert Enrolment.objects.count() == runs
    assert Message.objects.count() == runs


@pytest.mark.django_db
def test_same_event_twice_enrols_once(at):
    make.journey(make.send(), reentry="after_end")
    event = make.event(people.alice(), "cart.left", at)

    listen.hear([event], at=at)
    advance.advance(at=at)
    listen.hear([event], at=at)

    assert Enrolment.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("occurred", "received"), [(-2 * HOUR, 0 * HOUR), (1 * HOUR, 26 * HOUR)])
def test_history_never_starts_a_journey(at, occurred, received):
    make.journey(make.send(), activated_at=at)

    make.happen(people.alice(), "cart.left", at + occurred, received_at=at + received, at=at + received)

    assert Enrolment.objects.count() == 0


@pytest.mark.django_db
def test_audience_narrows_the_entry(at):
    rules = named("Bob")
    make.journey(make.send(), entry={"kind": "event", "event": "cart.left", "audience": rules})
    alice, bob = people.alice(), people.bob()

    for customer in (alice, bob):
        make.happen(customer, "cart.left", at)

    assert list(Enrolment.objects.values_list("customer_id", flat=True)) == [bob.id]


@pytest.mark.django_db
def test_people_stay_on_the_version_they_entered(at):
    journey = make.journey(make.wait(days=1), make.send("old"))
    alice, bob = people.alice(), people.bob()
    make.happen(alice, "cart.left", at)
    make.publish_version(journey, make.wait(days=1), make.send("new"))
    make.happen(bob, "cart.left", at)

    advance.advance(at=at + DAY)

    sent = {message.customer: message.content_version.content.name for message in Message.objects.all()}
    assert sent == {alice: "old", bob: "new"}


@pytest.mark.django_db
def test_paused_journey_rests_and_goes_on(at):
    journey = make.journey(make.wait(days=1), make.send())
    alice, bob = people.alice(), people.bob()
    make.happen(alice, "cart.left", at)

    lifecycle.pause(journey, user_id=None, at=at)
    make.happen(bob, "cart.left", at + HOUR)
    assert advance.advance(at=at + 2 * DAY) == 0

    lifecycle.resume(journey, user_id=None, at=at + 3 * DAY)
    advance.advance(at=at + 3 * DAY)
    assert list(Message.objects.values_list("customer_id", flat=True)) == [alice.id]


@pytest.mark.django_db
def test_stopping_ends_everybodys_run_and_takes_messages_back(at):
    journey = make.journey(make.send(), make.wait(days=1), make.send("second"))
    make.happen(people.alice(), "cart.left", at)
    advance.advance(at=at)

    assert lifecycle.stop(journey, user_id=None, at=at + HOUR) == 1
    advance.advance(at=at + DAY)

    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.end_reason) == (EnrolmentState.EXITED, "stopped")
    assert list(Message.objects.values_list("state", flat=True)) == [MessageState.CANCELLED]


@pytest.mark.django_db(transaction=True)
def test_ticks_side_by_side_take_each_step_once(at, on_postgresql, given):
    gift = {"key": "gift", "kind": "effect", "name": "Gift", "effect": "test.give", "params": {}}
    make.journey(make.send(), gift, make.wait(days=1))
    customers = [people.customer(f"Person{n}") for n in range(60)]
    listen.hear([make.event(customer, "cart.left", at) for customer in customers], at=at)
    start = threading.Barrier(4)

    def tick():
        try:
            start.wait()
            advance.advance(at=at, group=7)
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    advance.advance(at=at)

    assert Message.objects.count() == 60
    assert sorted(customer_id for ids, _ in given for customer_id in ids) == sorted(c.id for c in customers)
    assert StepLog.objects.filter(outcome=Outcome.PLANNED).count() == 60
    assert JourneyStep.objects.get(key="hello").passed_count == 60


@pytest.mark.django_db(transaction=True)
def test_events_side_by_side_enrol_once(at, on_postgresql):
    make.journey(make.send(), reentry="after_end")
    alice = people.alice()
    events = [make.event(alice, "cart.left", at + timedelta(seconds=n)) for n in range(6)]
    start = threading.Barrier(6)

    def hear(event):
        try:
            start.wait()
            listen.hear([event], at=at + HOUR)
        finally:
            connection.close()

    threads = [threading.Thread(target=hear, args=[event]) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Enrolment.objects.count() == 1


@pytest.mark.django_db
def test_wait_for_a_local_time_ends_at_that_time_in_each_zone(at):
    make.journey(make.wait(at="09:00"))
    zones = {"Asia/Tokyo": datetime(2026, 3, 17, 0, 0, tzinfo=UTC),
             "America/New_York": datetime(2026, 3, 16, 13, 0, tzinfo=UTC),
             "": datetime(2026, 3, 17, 9, 0, tzinfo=UTC)}  # fmt: skip
    customers = {zone: people.customer(f"Person{n}", timezone=zone) for n, zone in enumerate(zones)}

    listen.hear([make.event(customer, "cart.left", at) for customer in customers.values()], at=at)

    assert {zone: Enrolment.objects.get(customer=c).due_at for zone, c in customers.items()} == zones
