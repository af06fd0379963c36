"""The API of segments: what it answers, whom it lets in, and that nothing makes it fail."""

import base64
import json
import os
from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kit import sql
from customers.models import Event, Segment
from customers.segments.actions import lists, refresh, save
from customers.segments.queries import describe, explain
from tests.factories import people

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/segments/"
EXAMPLES = int(os.environ.get("SEGMENT_API_EXAMPLES", "200"))
ALL = ("view_segment", "add_segment", "change_segment", "delete_segment", "view_customer")
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}
FRENCH = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "FR"}]}


@pytest.fixture
def api(client):
    client.force_login(people.staff_member("marta", *(f"customers.{name}" for name in ALL)))
    return client


@pytest.fixture
def guests(at):
    return save.listed(name="Guests", at=at)


def send(client, verb, path, body):
    return getattr(client, verb)(ROOT + path, body, content_type="application/json")


def test_a_segment_is_made_read_changed_and_deleted(api):
    made = send(api, "post", "", {"name": "Germans", "definition": GERMANS})
    pk = made.json()["id"]

    assert (made.status_code, made.json()["definition"], made.json()["version"]) == (201, GERMANS, 1)
    changed = send(api, "put", f"{pk}/", {"name": "French", "description": "x", "definition": FRENCH, "version": 1})
    assert (changed.status_code, changed.json()["version"], changed.json()["name"]) == (200, 2, "French")
    renamed = send(api, "patch", f"{pk}/", {"name": "Les Français"})
    assert (renamed.json()["name"], renamed.json()["description"]) == ("Les Français", "x")
    assert api.get(f"{ROOT}{pk}/").json()["definition"] == FRENCH
    assert api.delete(f"{ROOT}{pk}/").status_code == 204
    assert api.get(f"{ROOT}{pk}/").status_code == 404


def test_rules_that_somebody_else_has_changed_are_not_overwritten(api, at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    save.rules(name="Germans", definition=FRENCH, at=at, segment_id=segment.pk)

    late = send(api, "patch", f"{segment.pk}/", {"definition": GERMANS, "version": 1})
    without = send(api, "patch", f"{segment.pk}/", {"definition": GERMANS})

    assert (late.status_code, late.json()["version"]) == (409, 2)
    assert (without.status_code, list(without.json())) == (400, ["version"])
    segment.refresh_from_db()
    assert segment.definition == FRENCH


def test_mistakes_of_rules_come_with_their_place(api):
    bad = {
        "match": "all",
        "rules": [GERMANS["rules"][0], {"type": "field", "field": "customer.order_count", "op": "is", "value": "x"}],
    }

    for path in ("", "preview/"):
        answer = send(api, "post", path, {"name": "Bad", "definition": bad})

        assert answer.status_code == 400
        assert answer.json() == {"definition": [{"path": ["rules", 1, "value"], "message": "Write a number."}]}


def test_a_name_is_there_once(api, guests):
    answer = send(api, "post", "", {"name": "Guests", "definition": GERMANS})

    assert (answer.status_code, list(answer.json())) == (400, ["name"])


def test_a_segment_in_use_is_not_deleted(api, at):
    inner = save.rules(name="Germans", definition=GERMANS, at=at)
    rules = {"match": "all", "rules": [{"type": "segment", "segment": inner.pk, "op": "in"}]}
    save.rules(name="Around", definition=rules, at=at)

    answer = api.delete(f"{ROOT}{inner.pk}/")

    assert (answer.status_code, answer.json()["uses"]) == (409, ["Segment “Around”"])
    assert Segment.objects.filter(pk=inner.pk).exists()


def test_a_preview_counts_and_shows_the_first(api):
    alice = people.alice(country="DE")
    people.bob(country="FR")

    answer = send(api, "post", "preview/", {"definition": GERMANS}).json()

    assert (answer["count"], answer["words"]) == (1, describe(GERMANS))
    assert answer["sample"] == [{"id": alice.pk, "external_id": None, "email": "alice@example.com"}]


def test_a_preview_that_takes_too_long_says_what_to_do(api, monkeypatch):
    def slow(*_):
        raise sql.TookTooLong

    monkeypatch.setattr("customers.segments.queries.count", slow)

    answer = send(api, "post", "preview/", {"definition": GERMANS})

    assert answer.status_code == 503
    assert "Narrow a time window" in answer.json()["detail"]


def test_members_now_and_then_come_in_pages(api, at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    crowd = [people.customer(f"C{n}", email=f"c{n}@example.com", country="DE") for n in range(3)]
    refresh.whole(segment.pk, at=at)
    crowd[0].country = "FR"
    crowd[0].save()
    refresh.whole(segment.pk, at=at + timedelta(days=2))

    first = api.get(f"{ROOT}{segment.pk}/members/?page_size=1").json()
    second = api.get(first["next"]).json()
    then = api.get(f"{ROOT}{segment.pk}/members/", {"at": (at + timedelta(days=1)).isoformat()}).json()

    assert [row["email"] for row in first["results"] + second["results"]] == ["c2@example.com", "c1@example.com"]
    assert sorted(row["id"] for row in then["results"]) == [customer.pk for customer in crowd]


def test_changes_say_who_when_and_why(api, at, guests):
    alice, bob = people.alice(), people.bob()
    lists.add(guests.pk, [alice.pk, bob.pk], at=at)
    lists.remove(guests.pk, [alice.pk], at=at + timedelta(hours=1))

    rows = api.get(f"{ROOT}{guests.pk}/changes/", {"customer": alice.pk}).json()["results"]
    late = api.get(f"{ROOT}{guests.pk}/changes/", {"since": (at + timedelta(minutes=1)).isoformat()}).json()["results"]

    assert [(row["entered"], row["cause"]) for row in rows] == [(False, "list"), (True, "list")]
    assert [row["customer"] for row in late] == [alice.pk]


def test_one_customer_is_explained_rule_by_rule(api, at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    alice = people.alice(country="FR")

    answer = api.get(f"{ROOT}{segment.pk}/explain/", {"customer": "alice@example.com"}).json()
    value = explain(GERMANS, alice.pk, at).rules[0].value

    assert (answer["is_member"], answer["rules"]["is_true"]) == (False, False)
    assert answer["rules"]["rules"] == [{"text": describe(GERMANS), "is_true": False, "value": value}]


def test_people_go_onto_a_list_and_off_it_with_a_word_on_each_unknown_one(api, guests):
    alice, bob = people.alice(), people.bob(external_id="b-1")
    people.carol(), people.customer("Carola", email="carol@example.com")
    named = {"ids": [alice.pk, 999_999], "external_ids": ["b-1", "b-2"], "emails": ["CAROL@example.com", "no@example.com"]}

    added = send(api, "post", f"{guests.pk}/members/", named).json()

    assert (added["added"], added["already"]) == (2, 0)
    assert added["unknown"] == [{"id": 999_999}, {"external_id": "b-2"}, {"email": "no@example.com"}]
    assert [row["email"] for row in added["shared"]] == ["carol@example.com"]
    assert Event.objects.filter(name="segment.entered").count() == 2
    gone = send(api, "delete", f"{guests.pk}/members/", {"ids": [bob.pk, bob.pk], "emails": ["nobody@x.org"]}).json()
    assert (gone["removed"], gone["unknown"]) == (1, [{"email": "nobody@x.org"}])
    guests.refresh_from_db()
    assert guests.member_count == 1


def test_quiet_additions_start_nothing(api, guests):
    send(api, "post", f"{guests.pk}/members/", {"ids": [people.alice().pk], "quiet": True})

    assert guests.memberships.count() == 1
    assert not Event.objects.exists()


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": list(range(1, 10_002))}, {"ids": ["x"]}, {"emails": "x"}, []])
def test_batches_of_people_have_a_size(api, guests, body):
    assert send(api, "post", f"{guests.pk}/members/", body).status_code == 400


def test_only_lists_take_people(api, at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)

    assert send(api, "post", f"{segment.pk}/members/", {"ids": [people.alice().pk]}).status_code == 400
    assert segment.memberships.count() == 0


WRITES = [
    ("post", "", "add_segment"), ("put", "{}/", "change_segment"), ("patch", "{}/", "change_segment"),
    ("delete", "{}/", "delete_segment"), ("post", "{}/members/", "change_segment"),
    ("delete", "{}/members/", "change_segment"),
]  # fmt: skip
READS = ["", "{}/", "{}/members/", "{}/explain/?customer=1", "{}/changes/"]


@pytest.mark.parametrize(("verb", "path", "missing"), WRITES)
def test_writing_needs_its_permission(client, guests, verb, path, missing):
    client.force_login(people.staff_member("sam", *(f"customers.{name}" for name in ALL if name != missing)))

    assert send(client, verb, path.format(guests.pk), {"ids": [1], "name": "X", "version": 1}).status_code == 403
    assert Segment.objects.filter(name="Guests").count() == 1


@pytest.mark.parametrize("path", READS)
def test_reading_needs_permissions_and_strangers_get_nothing(client, guests, path):
    assert client.get(ROOT + path.format(guests.pk)).status_code == 403
    client.force_login(people.staff_member("sam", "customers.add_segment"))
    assert client.get(ROOT + path.format(guests.pk)).status_code == 403


def test_members_need_the_permission_to_see_customers(client, guests):
    client.force_login(people.staff_member("sam", "customers.view_segment"))

    assert client.get(f"{ROOT}{guests.pk}/").status_code == 200
    assert client.get(f"{ROOT}{guests.pk}/members/").status_code == 403
    assert send(client, "post", "preview/", {"definition": GERMANS}).status_code == 403


def test_a_browser_session_alone_cannot_write_from_elsewhere(guests):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.staff_member("root", is_superuser=True))

    assert send(client, "delete", f"{guests.pk}/", {}).status_code == 403
    assert Segment.objects.filter(pk=guests.pk).exists()


LEAF = st.fixed_dictionaries(
    {"type": st.sampled_from(["field", "event", "orders", "sequence", "message", "segment", "random", "consent", "x"])},
    optional={
        "field": st.sampled_from(["customer.country", "customer.born_on", "loyalty.points", "metrics.rfm"]), "name": st.text(max_size=9),
        "op": st.sampled_from(["is", "at_least", "in_last", "between", "did", "empty", "x"]), "value": st.deferred(lambda: JSON),
        "count": st.deferred(lambda: JSON), "within": st.deferred(lambda: JSON), "measure": st.sampled_from(["count", "total"]),
        "steps": st.deferred(lambda: JSON), "segment": st.integers(), "percent": st.integers(),
    },
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12) | st.sampled_from(["\x00", "\ud800", "2026-03-16", "DE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
BODIES = st.one_of(
    JSON,
    st.fixed_dictionaries({}, optional={
        "name": JSON, "definition": JSON | st.fixed_dictionaries({"match": st.sampled_from(["all", "any", "none", "x"]),
                                                                  "rules": st.lists(LEAF | JSON, max_size=3)}),
        "version": JSON, "kind": JSON, "ids": JSON, "emails": JSON | st.lists(st.text(max_size=9), max_size=3),
        "external_ids": JSON, "quiet": JSON, "at": JSON, "description": JSON,
    }),
)  # fmt: skip
PATHS = ["", "preview/", "{}/", "{}/members/", "{}/explain/", "{}/changes/", "999999999/", "{}/nothing/"]
QUERIES = st.dictionaries(
    st.sampled_from(["at", "customer", "cursor", "page_size", "since", "until", "kind", "name", "is_ready_made"]),
    st.text(max_size=20) | st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "99999999999999999999", "²",
         base64.b64encode(b"p=abc").decode(), base64.b64encode(b"p=99999999999999999999").decode(), "\x00", "-1"]),
    max_size=2,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["get", "post", "put", "patch", "delete"]), path=st.sampled_from(PATHS), body=BODIES, query=QUERIES
)
def test_no_request_makes_it_fail(api, guests, verb, path, body, query):
    address = ROOT + path.format(guests.pk)
    client = api
    if verb == "get":
        answer = client.get(address, query)
    else:
        answer = getattr(client, verb)(address, json.dumps(body), content_type="application/json", query_params=query)

    assert answer.status_code < 500
    if not Segment.objects.filter(pk=guests.pk).exists():
        guests.save(force_insert=True)


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"NaN", b'{"name": ' + b"9" * 6000 + b"}"])
def test_broken_json_is_refused(api, raw):
    assert api.post(ROOT, raw, content_type="application/json").status_code == 400
