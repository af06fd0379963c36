"""From requests to customers and their timelines."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.ingest.actions import sets, take_in
from customers.models import AnonymousEvent, Customer, Event, Identity, IngestBatch, IngestProblem, SpentKey, WriteKey
from tests.factories import people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]
OURS = ("customer.created", "customer.updated")


def track(event, message_id, **ids):
    return {"type": "track", "event": event, "messageId": message_id, **ids}


def timeline(customer):
    own = Event.objects.filter(customer=customer).exclude(name__in=OURS).order_by("occurred_at", "id")
    return list(own.values_list("name", flat=True))


def test_messages_are_kept_before_the_answer_and_taken_in_after(send, drain, server_key, at):
    answer = send("track", {"event": "Signed Up", "userId": "u1", "properties": {"plan": "pro"}}, server_key)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (IngestBatch.objects.get().message_count, Event.objects.count()) == (1, 0)
    assert drain() == 1
    alice = Customer.objects.get(external_id="u1")
    event = Event.objects.get(name="Signed Up")
    assert (event.customer_id, event.properties, event.occurred_at, event.source) == (
        alice.pk, {"plan": "pro"}, at, "ingest")  # fmt: skip
    assert not IngestBatch.objects.exists()
    assert not IngestProblem.objects.exists()


def test_same_message_counts_once_for_ever(send, drain, server_key):
    message = track("Bought", "m1", userId="u1")
    send("batch", [message, message], server_key)
    drain()
    send("batch", [message], server_key)
    drain()

    assert Event.objects.filter(name="Bought").count() == 1


def test_stale_retry_of_identify_does_not_bring_old_traits_back(send, drain, server_key):
    first = {"type": "identify", "messageId": "i1", "userId": "u1", "traits": {"plan": "free", "seats": 1}}
    second = {"type": "identify", "messageId": "i2", "userId": "u1", "traits": {"plan": "pro", "seats": 2}}
    send("batch", [first, second], server_key)
    drain()
    send("batch", [first], server_key)
    drain()

    alice = Customer.objects.get()
    assert (alice.plan, alice.attributes) == ("pro", {"seats": 2})


def test_event_of_an_erased_message_does_not_come_back(send, drain, server_key):
    send("batch", [track("Bought", "m1", userId="u1")], server_key)
    drain()
    event = Event.objects.get(name="Bought")
    SpentKey.objects.create(key=event.key)
    event.delete()
    send("batch", [track("Bought", "m1", userId="u1")], server_key)
    drain()

    assert not Event.objects.filter(name="Bought").exists()


@pytest.mark.parametrize("together", [True, False])
def test_history_of_a_visitor_moves_to_the_customer(send, drain, server_key, together, at):
    messages = [
        {**track("Looked", "m1", anonymousId="a1"), "timestamp": "2026-03-01T10:00:00Z"},
        {"type": "page", "messageId": "m2", "anonymousId": "a1", "name": "Home", "properties": {"path": "/"}},
        {"type": "identify", "messageId": "m3", "userId": "u1", "anonymousId": "a1", "traits": {"firstName": "Alice"}},
        track("Bought", "m4", anonymousId="a1"),
    ]
    for batch in [messages] if together else [[message] for message in messages]:
        send("batch", batch, server_key)
        if not together:
            drain()
    drain()

    alice = Customer.objects.get()
    assert timeline(alice) == ["Looked", "page.viewed", "Bought"]
    assert alice.first_name == "Alice"
    assert Event.objects.get(name="Looked").occurred_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert Event.objects.get(name="page.viewed").properties == {"name": "Home", "path": "/"}
    assert not AnonymousEvent.objects.exists()


@pytest.mark.parametrize("together", [True, False])
def test_shared_device_keeps_history_and_leads_to_the_next_person(send, drain, server_key, together):
    messages = [
        {"type": "identify", "messageId": "i1", "userId": "alice", "anonymousId": "a1"},
        track("First", "m1", anonymousId="a1"),
        {"type": "identify", "messageId": "i2", "userId": "bob", "anonymousId": "a1"},
        track("Second", "m2", anonymousId="a1"),
    ]
    for batch in [messages] if together else [[message] for message in messages]:
        send("batch", batch, server_key)
        if not together:
            drain()
    drain()

    assert timeline(Customer.objects.get(external_id="alice")) == ["First"]
    assert timeline(Customer.objects.get(external_id="bob")) == ["Second"]
    assert Identity.objects.get(value="a1").customer.external_id == "bob"


def test_replay_after_identify_does_not_count_twice(send, drain, server_key):
    send("batch", [track("Looked", "m1", anonymousId="a1")], server_key)
    drain()
    send("batch", [{"type": "identify", "messageId": "i1", "userId": "u1", "anonymousId": "a1"}], server_key)
    drain()
    send("batch", [track("Looked", "m1", anonymousId="a1")], server_key)
    drain()

    assert timeline(Customer.objects.get()) == ["Looked"]
    assert not AnonymousEvent.objects.exists()


def test_traits_fill_the_profile_and_an_unusable_one_is_left_out(send, drain, server_key):
    traits = {
        "email": " Alice@Example.COM ", "phone": "020 7946 0018", "name": "Alice Ann Smith", "birthday": "1984-07-02",
        "createdAt": "2020-05-06T07:08:09Z", "address": {"country": "United Kingdom", "city": "York", "street": "1 High St"},
        "company": {"name": "Acme", "industry": "Tools", "size": 12}, "locale": "en_GB", "timezone": "Nowhere/Land",
        "plan": "pro", "tags": ["a", {"b": None}], "vip": True, "avatar": None,
    }  # fmt: skip
    send("identify", {"userId": "u1", "messageId": "i1", "traits": traits}, server_key)
    drain()

    alice = Customer.objects.get()
    assert (alice.email, alice.phone, alice.first_name, alice.last_name) == (
        "alice@example.com", "+442079460018", "Alice", "Ann Smith")  # fmt: skip
    assert (alice.country, alice.city, alice.company, alice.industry, alice.locale, alice.plan) == (
        "GB", "York", "Acme", "Tools", "en-GB", "pro")  # fmt: skip
    assert (str(alice.born_on), alice.created_at) == ("1984-07-02", datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert alice.attributes == {
        "tags": ["a", {"b": None}], "vip": True, "address": {"street": "1 High St"}, "company_size": 12}  # fmt: skip
    problem = IngestProblem.objects.get()
    assert (problem.field, problem.is_held) == ("traits.timezone", False)
    assert problem.reason == "The trait is not a time zone; write it like Europe/London. It was left out."


def test_traits_in_the_context_count_and_own_traits_win(send, drain, server_key):
    context = {"traits": {"firstName": "Old", "city": "York"}}
    send("identify", {"userId": "u1", "traits": {"firstName": "New"}, "context": context}, server_key)
    drain()

    assert list(Customer.objects.values_list("first_name", "city")) == [("New", "York")]


def test_server_may_identify_by_address(send, drain, server_key):
    alice = people.alice()
    send("identify", {"traits": {"email": "ALICE@example.com", "city": "York"}, "anonymousId": "a1"}, server_key)
    send("track", {"event": "Seen", "anonymousId": "a1"}, server_key)
    drain()

    alice.refresh_from_db()
    assert (alice.city, timeline(alice), Customer.objects.count()) == ("York", ["Seen"], 1)


def test_identify_of_an_unknown_visitor_is_told(send, drain, server_key):
    send("identify", {"anonymousId": "a1", "messageId": "i1", "traits": {"city": "York"}}, server_key)
    drain()

    assert not Customer.objects.exists()
    assert IngestProblem.objects.get().reason.startswith("Nobody is known under this anonymous id yet")


def test_group_names_the_company(send, drain, server_key):
    group = {"userId": "u1", "groupId": "g7", "traits": {"name": "Acme", "industry": "Tools", "employees": 12}}
    send("group", group, server_key)
    drain()

    alice = Customer.objects.get()
    assert (alice.company, alice.industry, alice.attributes) == ("Acme", "Tools", {"group_id": "g7", "group_employees": 12})


def test_alias_links_a_visitor(send, drain, server_key):
    send(
        "batch",
        [track("Looked", "m1", anonymousId="a1"), {"type": "alias", "previousId": "a1", "userId": "u1"}],
        server_key,
    )
    send("batch", [track("Came Back", "m2", anonymousId="a1")], server_key)
    drain()

    assert timeline(Customer.objects.get(external_id="u1")) == ["Looked", "Came Back"]


def test_alias_merges_two_customers(send, drain, server_key):
    messages = [
        track("Old", "m1", userId="old"),
        track("New", "m2", userId="new"),
        {"type": "alias", "messageId": "al1", "previousId": "old", "userId": "new"},
        track("Later", "m3", userId="old"),
    ]
    send("batch", messages, server_key)
    drain()
    send("batch", messages, server_key)
    drain()

    customer = Customer.objects.get()
    assert customer.external_id == "new"
    assert sorted(timeline(customer))[:3] == ["Later", "New", "Old"]
    assert not IngestProblem.objects.exists()


def test_alias_gives_a_known_customer_a_further_id(send, drain, server_key):
    send("batch", [track("Old", "m1", userId="old"), {"type": "alias", "previousId": "old", "userId": "new"},
                   track("New", "m2", userId="new")], server_key)  # fmt: skip
    drain()

    assert timeline(Customer.objects.get()) == ["Old", "New"]


def test_bad_message_in_the_drain_is_held_and_the_others_go_on(send, drain, server_key, monkeypatch):
    real = sets._name
    monkeypatch.setattr(sets, "_name", lambda data: 1 / 0 if data.get("event") == "Boom" else real(data))
    send("batch", [track(name, f"m-{name}", userId="u1") for name in ("A", "B", "Boom", "C")], server_key)
    drain()

    assert sorted(timeline(Customer.objects.get())) == ["A", "B", "C"]
    problem = IngestProblem.objects.get()
    assert (problem.is_held, problem.message_id, problem.reason) == (True, "m-Boom", "ZeroDivisionError: division by zero")
    monkeypatch.undo()

    from customers.ingest.actions import hold

    assert hold.retry(at=datetime(2026, 3, 17, tzinfo=UTC)) == (1, 0)
    assert sorted(timeline(Customer.objects.get())) == ["A", "B", "Boom", "C"]
    assert not IngestProblem.objects.exists()


def test_failure_of_the_database_leaves_every_batch(send, server_key, monkeypatch, at):
    send("batch", [track("A", "m1", userId="u1")], server_key)

    def cut(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(take_in, "_show", cut)
    with pytest.raises(KeyboardInterrupt):
        take_in.take_in(at=at)

    assert (IngestBatch.objects.count(), Event.objects.count(), Customer.objects.count()) == (1, 0, 0)


def test_key_shows_what_arrived_last_without_names_of_persons(send, drain, server_key):
    send("batch", [track(f"E{n}", f"m{n}", userId="u1") for n in range(60)], server_key)
    drain()
    send("page", {"anonymousId": "a1", "name": "Home", "messageId": "last"}, server_key)
    drain()

    key = WriteKey.objects.get()
    assert (key.message_count, len(key.recent)) == (61, 50)
    assert key.recent[0] == {
        "at": "2026-03-16T12:00:00+00:00",
        "type": "page",
        "name": "Home",
        "who": "visitor",
        "id": "last",
    }
    assert key.recent[1]["name"] == "E59"


def test_large_set_of_events_costs_few_queries(send, server_key, at, django_assert_max_num_queries):
    send("batch", [track("A", f"m{n}", userId=f"u{n % 40}") for n in range(1000)], server_key)
    take_in.take_in(at=at)
    send("batch", [track("A", f"n{n}", userId=f"u{n % 40}") for n in range(1000)], server_key)

    with django_assert_max_num_queries(40):
        take_in.take_in(at=at + timedelta(seconds=1))

    assert Event.objects.filter(name="A").count() == 2000
