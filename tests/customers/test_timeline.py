"""The timeline: each event takes effect once, one bad event is alone."""

import pytest
from django.db import InterfaceError, connection

from customers.actions import timeline
from customers.models import CustomerFacts, Event, EventAggregate, FailedEvent, PendingEvent
from customers.ports import subscribers
from tests.factories import people

pytestmark = pytest.mark.django_db


def placed(customer, number, at, amount_minor=1000):
    return timeline.NewEvent(
        customer_id=customer.id,
        name="order.placed",
        occurred_at=at,
        key=timeline.event_key("test", "order", number),
        source="test",
        properties={"number": str(number)},
        amount_minor=amount_minor,
        currency="EUR",
    )


def test_record_many_passes_over_known_keys(at):
    alice = people.alice()

    first = timeline.record_many([placed(alice, 1, at), placed(alice, 2, at)], at=at)
    second = timeline.record_many([placed(alice, 2, at), placed(alice, 3, at)], at=at)

    assert (first, second) == (2, 1)
    assert Event.objects.count() == 3
    assert PendingEvent.objects.count() == 3


def test_process_batch_keeps_facts_and_counts(at):
    alice, bob = people.alice(), people.bob()
    timeline.record_many([placed(alice, 1, at), placed(alice, 2, at, 500), placed(bob, 3, at, 7)], at=at)

    taken = timeline.process_batch(at=at)

    assert taken == 3
    assert PendingEvent.objects.count() == 0
    facts = CustomerFacts.objects.get(customer=alice)
    assert (facts.order_count, facts.revenue_minor, facts.last_order_at) == (2, 1500, at)
    assert list(EventAggregate.objects.order_by("customer").values_list("customer", "name", "count")) == [
        (alice.id, "order.placed", 2),
        (bob.id, "order.placed", 1),
    ]


def test_process_batch_isolates_the_one_bad_event(at, monkeypatch):
    alice = people.alice()
    timeline.record_many([placed(alice, number, at) for number in range(20)], at=at)
    bad = Event.objects.get(key=timeline.event_key("test", "order", 7)).id

    def refuse(events, moment):
        if any(event.id == bad for event in events):
            raise ValueError("cannot read this")

    monkeypatch.setitem(
        subscribers.registry._items, "refuse", subscribers.Subscriber("refuse", frozenset({"order.placed"}), refuse)
    )

    timeline.process_batch(at=at)

    assert list(FailedEvent.objects.values_list("event_id", "handler", "error")) == [
        (bad, "refuse", "ValueError: cannot read this")
    ]
    assert CustomerFacts.objects.get(customer=alice).order_count == 19
    monkeypatch.undo()
    assert timeline.retry_failed() == 1
    timeline.process_batch(at=at)
    assert CustomerFacts.objects.get(customer=alice).order_count == 20
    assert FailedEvent.objects.count() == 0


def test_a_database_error_that_one_event_causes_every_time_is_isolated(at, monkeypatch):
    """A value that the database refuses is the event's fault; a lost connection is not, and takes the claim back."""
    alice = people.alice()
    timeline.record_many([placed(alice, number, at) for number in range(8)], at=at)
    bad = Event.objects.get(key=timeline.event_key("test", "order", 5)).id

    def refuse(events, moment):
        if any(event.id == bad for event in events):
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SELECT set_config('statement_timeout', '5', true)")
                    cursor.execute("SELECT pg_sleep(1)")
                cursor.execute("SELECT abs(-9223372036854775808)")

    def lose(events, moment):
        raise InterfaceError("connection already closed")

    names = frozenset({"order.placed"})
    monkeypatch.setitem(subscribers.registry._items, "lose", subscribers.Subscriber("lose", names, lose))
    with pytest.raises(InterfaceError):
        timeline.process_batch(at=at)
    assert (PendingEvent.objects.count(), FailedEvent.objects.count()) == (8, 0)

    monkeypatch.delitem(subscribers.registry._items, "lose")
    monkeypatch.setitem(subscribers.registry._items, "refuse", subscribers.Subscriber("refuse", names, refuse))
    timeline.process_batch(at=at)

    assert list(FailedEvent.objects.values_list("event_id", flat=True)) == [bad]
    assert CustomerFacts.objects.get(customer=alice).order_count == 7


@pytest.mark.django_db(transaction=True)
def test_an_event_that_fails_only_at_the_commit_is_put_aside_alone(at, monkeypatch):
    """Foreign keys are checked at the commit, long after the handler has returned."""
    alice = people.alice()
    timeline.record_many([placed(alice, number, at) for number in range(20)], at=at)
    bad = Event.objects.get(key=timeline.event_key("test", "order", 7)).id

    def leave_a_broken_reference(events, moment):
        for event in events:
            if event.id == bad:
                EventAggregate.objects.create(customer_id=987_654_321, name="x", count=1, first_at=moment, last_at=moment)

    monkeypatch.setitem(
        subscribers.registry._items, "broken",
        subscribers.Subscriber("broken", frozenset({"order.placed"}), leave_a_broken_reference),
    )  # fmt: skip

    while timeline.process_batch(at=at):
        pass

    assert list(FailedEvent.objects.values_list("event_id", flat=True)) == [bad]
    assert CustomerFacts.objects.get(customer=alice).order_count == 19
    assert PendingEvent.objects.count() == 0
