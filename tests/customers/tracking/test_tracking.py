"""The tracking plan: what events hold is counted once, types are watched, blocked names are told to the intake."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.actions import timeline
from customers.models import Customer, TrackedBatch, TrackedDay, TrackedEvent, TrackedProperty
from customers.tracking import queries, subscribers
from customers.tracking.actions import attributes, fold, plan
from customers.tracking.rules import kinds
from customers.tracking.rules.plan_file import NotAPlan, read
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.delete(queries.BLOCKED)


def seen(customer, at, *payloads, name="tool.opened", source="web"):
    start = timeline.Event.objects.count()
    timeline.record_many(
        [
            timeline.NewEvent(customer.id, name, at + timedelta(seconds=number), timeline.event_key("t", start + number),
                              source, payload)
            for number, payload in enumerate(payloads)
        ],
        at=at,
    )  # fmt: skip
    while timeline.process_batch(at=at):
        pass
    fold.waiting(at=at)


def test_counts_days_types_and_the_last_payload_are_kept(at):
    alice = people.alice()

    seen(alice, at, {"colour": "red", "size": 3}, {"colour": "blue", "size": 4})
    seen(alice, at + timedelta(days=1), {"colour": "green", "at": "2026-03-16T10:00:00Z"})

    event = TrackedEvent.objects.get(name="tool.opened")
    found = {row.name: (row.expected_type, row.types, row.count) for row in TrackedProperty.objects.all()}
    assert (event.count, event.sample, event.source) == (3, {"colour": "green", "at": "2026-03-16T10:00:00Z"}, "web")
    assert found == {
        "colour": ("string", {"string": 3}, 3), "size": ("integer", {"integer": 2}, 2), "at": ("date-time", {"date-time": 1}, 1),
    }  # fmt: skip
    assert dict(TrackedDay.objects.values_list("day", "count")) == {at.date(): 2, (at + timedelta(days=1)).date(): 1}


def test_a_changed_type_warns_with_old_new_example_and_source_until_it_is_cleared(at):
    alice = people.alice()
    seen(alice, at, {"size": 3})

    seen(alice, at, {"size": "large"}, source="app")
    row = TrackedProperty.objects.get(name="size")
    warned = row.warning, row.expected_type
    plan.clear(row, user_id=None, at=at)
    seen(alice, at, {"size": 3})

    assert warned == ("Was integer, came as string, such as “large”; from app", "integer")
    assert queries.warning_count() == 0


@pytest.mark.parametrize(("first", "second"), [(3, 3.5), (3, None), (None, "x"), (3.5, 3)])
def test_a_wider_or_empty_value_is_no_warning(at, first, second):
    seen(people.alice(), at, {"size": first}, {"size": second})

    assert queries.warning_count() == 0


def test_a_planned_type_holds_even_against_wider_values(at):
    alice = people.alice()
    seen(alice, at, {"size": 3})
    plan.expect(TrackedProperty.objects.get(), plan.PlannedProperty("integer", True, False, ""), user_id=None, at=at)

    seen(alice, at, {"size": 3.5})

    row = TrackedProperty.objects.get()
    assert (row.expected_type, bool(row.warned_at)) == ("integer", True)


def test_a_required_property_that_is_missing_is_counted(at):
    alice = people.alice()
    seen(alice, at, {"size": 3})
    plan.expect(TrackedProperty.objects.get(), plan.PlannedProperty("integer", True, True, ""), user_id=None, at=at)

    seen(alice, at, {"size": 3}, {}, {"colour": "red"})

    assert TrackedProperty.objects.get(name="size").missing_count == 2


def test_personal_values_are_hidden_in_samples_and_examples(at):
    seen(
        people.alice(), at, {"note": "write to alice@example.com or +44 20 7946 0000", "first_name": "Alice", "plan": "pro"}
    )

    sample = TrackedEvent.objects.get().sample
    texts = json.dumps([sample, *TrackedProperty.objects.values_list("example", flat=True)], ensure_ascii=False)
    assert sample == {"note": "write to ••• or •••", "first_name": "•••", "plan": "pro"}
    assert "Alice" not in texts
    assert "alice@" not in texts


def test_perennials_own_events_are_counted_without_their_properties(at):
    seen(people.alice(), at, {"path": "/"}, name="order.placed")

    assert TrackedEvent.objects.get().count == 1
    assert not TrackedProperty.objects.exists()
    assert not queries.own_events().exists()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=300),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=200), inner, max_size=8), max_leaves=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(value=json_values)
def test_any_payload_is_typed_and_masked_within_bounds(value):
    masked = kinds.masked(value)

    assert kinds.kind(value) in kinds.KINDS
    assert len(kinds.example("x", value)) <= kinds.MAX_EXAMPLE
    json.dumps(masked)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.dictionaries(
    st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), min_size=1, max_size=200),
    st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=50), max_size=5))  # fmt: skip
def test_garbage_payloads_are_taken_in(at, payload):
    customer = Customer.objects.first() or people.alice()

    seen(customer, at, payload)

    assert not TrackedBatch.objects.exists()


def test_deep_and_huge_payloads_stay_small_in_the_plan(at):
    deep = value = {}
    for _ in range(60):
        value["deeper"] = {}
        value = value["deeper"]

    seen(people.alice(), at, {"deep": deep, "long": "x" * 20_000, **{f"id-{number}": number for number in range(900)}})

    assert TrackedProperty.objects.count() <= fold.MAX_PROPERTIES
    assert len(json.dumps(TrackedEvent.objects.get().sample)) < 5000


def test_a_batch_costs_one_statement_however_many_events_it_holds(at):
    alice = people.alice()

    def cost(count):
        events = [
            subscribers.TimelineEvent(number, alice.id, f"n{number % 7}", at, at.date(), at, {"a": number, "b": "x"}, None, "",
                                      "web", None)
            for number in range(count)
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as found:
            subscribers.summarise(events, at)
        return len(found)

    assert (cost(1), cost(500)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_folding_workers_count_every_batch_once(at, on_postgresql):
    alice = people.alice()
    for number in range(20):
        timeline.record(
            timeline.NewEvent(alice.id, "tool.opened", at, timeline.event_key("f", number), "web", {"a": 1}), at=at
        )
        timeline.process_batch(at=at)

    def work():
        try:
            fold.waiting(at=at)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    fold.waiting(at=at)

    assert TrackedEvent.objects.get().count == 20
    assert TrackedProperty.objects.get().count == 20


def test_blocking_is_heard_at_once_here(at):
    seen(people.alice(), at, {})
    event = TrackedEvent.objects.get()
    before = queries.blocked_names()

    plan.describe(event, status="blocked", description="", user_id=None, at=at)
    cache.delete(queries.BLOCKED)  # what the commit does

    assert (before, queries.blocked_names()) == (frozenset(), {"tool.opened"})


def test_attributes_are_found_with_type_and_count(at):
    people.alice(attributes={"size": 3, "since": "2026-01-02", "vip": True, "tags": ["a"], "note": None})
    people.bob(attributes={"size": 4})

    attributes.scan(at=at)

    found = {row.name: (row.expected_type, row.count) for row in TrackedProperty.objects.filter(event="")}
    assert found == {
        "size": ("integer", 2), "since": ("date-time", 1), "vip": ("boolean", 1), "tags": ("array", 1), "note": ("null", 1),
    }  # fmt: skip
    assert queries.attribute_types()["since"] == "date-time"


def test_an_attribute_of_two_types_warns_and_scanning_again_counts_the_same(at):
    people.alice(attributes={"size": 3})
    people.bob(attributes={"size": 4})
    people.carol(attributes={"size": "large"})

    attributes.scan(at=at)
    attributes.scan(at=at)

    row = TrackedProperty.objects.get()
    assert (row.expected_type, row.count, bool(row.warned_at)) == ("integer", 3, True)


def test_a_new_profile_brings_its_attributes_at_once(at):
    alice = people.alice(attributes={"size": 3})

    seen(alice, at, {"source": "api"}, name="customer.created")

    assert queries.attribute_types() == {"size": "integer"}


def test_a_plan_goes_out_and_comes_in_again(at):
    seen(people.alice(), at, {"size": 3})
    document = json.dumps(queries.plan()).encode()
    TrackedEvent.objects.all().delete()
    TrackedProperty.objects.all().delete()

    plan.upload(read(document), user_id=None, at=at)

    assert json.dumps(queries.plan()).encode() == document


@pytest.mark.parametrize("raw", [
    b"", b"\xff", b"[]", b"{}", b'{"version": 2}', b'{"version": 1, "events": []}', b'{"version": 1, "events": {"a": 1}}',
    b'{"version": 1, "events": {"a": {"status": "odd"}}}', b'{"version": 1, "events": {"": {}}}',
    b'{"version": 1, "events": {"a\\u0000": {}}}', b'{"version": 1, "attributes": {"a": {"type": "odd"}}}',
    b'{"version": 1, "attributes": {"a": {"planned": 1}}}', b"[" * 100_000, b'{"version": 1, "events": {"\\ud800": {}}}',
])  # fmt: skip
def test_a_file_that_is_no_plan_is_refused_in_words(raw):
    with pytest.raises(NotAPlan):
        read(raw)


def test_a_plan_may_not_touch_perennials_own_events(at):
    with pytest.raises(NotAPlan, match="order"):
        plan.upload(read(b'{"version": 1, "events": {"order.placed": {}}}'), user_id=None, at=at)


def test_the_pages_show_warnings_first_and_payloads_as_text(client, at, frozen_clock):
    client.force_login(people.staff_member("chief", is_superuser=True))
    alice = people.alice()
    seen(alice, at, {"a": "<script>alert(1)</script>"}, name="zebra.seen")
    seen(alice, at, {"a": 1}, {"a": "x"}, name="ant.seen")
    event = TrackedEvent.objects.get(name="zebra.seen")

    listing = client.get("/settings/tracking/").content.decode()
    page = client.get(f"/settings/tracking/events/{event.pk}/").content.decode()

    assert listing.index("ant.seen") < listing.index("zebra.seen")
    assert "type changed" in listing
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_staff_plan_properties_block_events_and_clear_warnings(client, at):
    client.force_login(people.staff_member("chief", is_superuser=True))
    seen(people.alice(), at, {"a": 1}, {"a": "x"})
    event, row = TrackedEvent.objects.get(), TrackedProperty.objects.get()

    client.post(f"/settings/tracking/properties/{row.pk}/", {"type": "string", "planned": "on", "description": "size"})
    client.post(f"/settings/tracking/events/{event.pk}/", {"status": "blocked", "description": "noise"})

    row.refresh_from_db()
    event.refresh_from_db()
    assert (row.expected_type, row.is_planned, row.warned_at, row.description) == ("string", True, None, "size")
    assert (event.status, event.description) == ("blocked", "noise")


def test_the_list_costs_the_same_for_one_event_and_for_many(client, at):
    client.force_login(people.staff_member("chief", is_superuser=True))
    alice = people.alice()

    def cost():
        with CaptureQueriesContext(connection) as found:
            client.get("/settings/tracking/")
        return len(found)

    seen(alice, at, {"a": 1}, name="one.seen")
    cost()
    few = cost()
    for name in ("two", "three", "four"):
        seen(alice, at, {"a": 1}, name=f"{name}.seen")

    assert cost() == few
