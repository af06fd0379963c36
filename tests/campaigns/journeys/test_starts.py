"""What entering or leaving a segment would start, held against what the engine then really does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.journeys.actions import advance, listen
from campaigns.journeys.enums import EnrolmentState
from campaigns.journeys.models import Enrolment
from campaigns.journeys.queries import starts
from campaigns.models import Message
from customers.models import Customer, EventAggregate
from customers.ports import segment_starts
from customers.segments.actions import save
from tests.factories import journeys as make
from tests.factories import people

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(starts, "now", lambda: AT)


@pytest.fixture
def segment():
    return save.rules(name="Lapsed", definition=named("Alice"), at=AT)


def named(name):
    return {"match": "all", "rules": [{"type": "field", "field": "customer.first_name", "op": "is", "value": name}]}


def entered(segment, **more):
    return {"kind": "event", "event": "segment.entered", "where": {"segment_id": segment.pk}, **more}


def found(segment, entering=None, leaving=None):
    nobody = Customer.objects.none()
    return starts.of_segment(segment.pk, nobody if entering is None else entering, nobody if leaving is None else leaving)


def split(definition, then, otherwise, key="split"):
    return {"key": key, "kind": "split", "name": key, "definition": definition, "then": then, "otherwise": otherwise}


def enrolment(customer, journey, state, entered_at):
    version = journey.versions.get()
    step = version.steps.first()
    is_active = state == EnrolmentState.WAITING
    return Enrolment.objects.create(
        journey=journey, version=version, customer=customer, step=step if is_active else None, state=state,
        due_at=entered_at if is_active else None, entered_at=entered_at, moved_at=entered_at, run_key=f"{state}{customer.pk}",
    )  # fmt: skip


def test_the_port_is_registered():
    assert segment_starts.get("journeys").find == starts.of_segment


def test_only_live_journeys_of_this_segment_and_direction_are_named(segment):
    other = save.rules(name="Other", definition=named("Bob"), at=AT)
    make.journey(make.send(), name="Win back", slug="a", entry=entered(segment))
    make.journey(make.send("b"), name="Paused", slug="b", entry=entered(segment), state="paused")
    make.journey(make.send("c"), name="Elsewhere", slug="c", entry=entered(other))
    make.journey(make.send("d"), name="Cart", slug="d")
    goodbye = entered(segment) | {"event": "segment.left"}
    make.journey(make.send("e"), name="Goodbye", slug="e", entry=goodbye)
    people.alice(), people.bob(), people.carol()
    two = Customer.objects.filter(first_name__in=["Alice", "Bob"])

    found_both = found(segment, entering=two, leaving=Customer.objects.filter(first_name="Carol"))

    assert [(start.kind, start.name, start.customers, start.messages) for start in found_both] == [
        ("Journey", "Win back", 2, 2),
        ("Journey", "Goodbye", 1, 1),
    ]
    assert found_both[0].url.startswith("/journeys/")


def test_who_may_not_enter_again_is_not_counted(segment):
    alice, bob, carol, dora = people.alice(), people.bob(), people.carol(), people.customer("Dora")
    once = make.journey(make.send(), name="Once", slug="a", entry=entered(segment))
    again = make.journey(make.send("b"), name="Again", slug="b", entry=entered(segment), reentry="after_end")
    later = make.journey(
        make.send("c"), name="Later", slug="c", entry=entered(segment), reentry="after_days", reentry_days=30
    )
    for journey in (once, again, later):
        enrolment(alice, journey, EnrolmentState.WAITING, AT - 90 * DAY)
        enrolment(bob, journey, EnrolmentState.COMPLETED, AT - 90 * DAY)
        enrolment(carol, journey, EnrolmentState.COMPLETED, AT - 3 * DAY)
    everybody = Customer.objects.filter(pk__in=[alice.pk, bob.pk, carol.pk, dora.pk])

    assert {start.name: start.customers for start in found(segment, entering=everybody)} == {
        "Once": 1, "Again": 3, "Later": 2,
    }  # fmt: skip


def test_a_journey_whose_audience_cannot_be_read_lets_nobody_in(segment):
    make.journey(make.send(), entry=entered(segment, audience={"match": "all", "rules": [{"type": "no such thing"}]}))
    people.alice()

    assert [(start.customers, start.messages) for start in found(segment, entering=Customer.objects.all())] == [(0, 0)]


def test_the_engine_does_what_was_said(segment):
    """Audience, holdout, first-only, splits and waits: the counts are those of the runs and messages that follow."""
    crowd = [people.customer(f"P{n}", country="DE" if n % 3 else "FR", city="Bonn" if n % 2 else "") for n in range(60)]
    germans = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}
    bonn = {"match": "all", "rules": [{"type": "field", "field": "customer.city", "op": "is", "value": "Bonn"}]}
    make.journey(
        make.send("a1"), split(bonn, [make.send("a2")], []), make.send("a3"), make.wait(days=1), make.send("a4"),
        name="Splits", slug="a", entry=entered(segment, audience=germans), holdout_percent=25,
    )  # fmt: skip
    make.journey(
        split(bonn, [make.wait("w", days=2), make.send("b1")], [split(germans, [make.send("b2")], [], "inner")]),
        make.send("b3"), {"key": "x", "kind": "exit", "name": "out"},
        name="Some wait", slug="b", entry=entered(segment, first_only=True),
    )  # fmt: skip
    for customer in crowd[:7]:
        EventAggregate.objects.create(
            customer=customer, name="segment.entered", count=1, first_at=AT - 40 * DAY, last_at=AT - 40 * DAY
        )
    everybody = Customer.objects.all()
    said = {start.name: (start.customers, start.messages) for start in found(segment, entering=everybody)}

    make_events = [make.event(c, "segment.entered", AT, segment_id=segment.pk, segment=segment.name) for c in crowd]
    listen.hear(make_events, at=AT)
    advance.advance(at=AT)

    done = {}
    for journey in Enrolment.objects.values_list("journey_id", "journey__name").distinct().order_by():
        runs = Enrolment.objects.filter(journey_id=journey[0]).exclude(state=EnrolmentState.CONTROL).count()
        done[journey[1]] = (runs, Message.objects.filter(source_id=journey[0]).count())
    assert said == done
    assert 0 < said["Splits"][0] < 40
    assert said["Some wait"][0] == 53


def test_many_customers_are_counted_in_the_database_and_the_held_out_share_taken_off(segment, monkeypatch):
    for number in range(10):
        people.customer(f"P{number}")
    make.journey(make.send(), make.send("two"), entry=entered(segment), holdout_percent=20)
    monkeypatch.setattr(starts, "EXACT", 9)

    assert [(start.customers, start.messages) for start in found(segment, entering=Customer.objects.all())] == [(8, 16)]


def test_ten_journeys_ask_as_often_as_one(segment):
    people.alice()

    def queries():
        with CaptureQueriesContext(connection) as asked:
            found(segment, entering=Customer.objects.all())
        return len(asked)

    make.journey(make.send(), slug="first", entry=entered(segment))
    one = queries()
    for number in range(9):
        make.journey(make.send(f"s{number}"), slug=f"j{number}", entry=entered(segment))

    assert queries() == one <= 5
