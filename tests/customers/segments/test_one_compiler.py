"""One compiler (T-02): whoever asks who matches rules asks `compile_tree`, and nobody builds such SQL beside it."""

import ast
from pathlib import Path

import pytest
from django.urls import reverse

from campaigns.journeys.queries import audience
from customers.actions import timeline
from customers.models import SegmentMembership
from customers.segments import queries
from customers.segments.actions import follow, night, refresh, save
from customers.segments.queries import compile as compiler
from customers.segments.queries import differences, reasons, run, values
from tests.factories import people

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
APPS = ("campaigns", "config", "customers", "loyalty", "metrics", "referrals", "surveys")
INSIDE = "customers.segments.queries."
# What reads who is in a segment, words and structure; none of it decides who matches rules.
OPEN = {"index", "people", "run", "words", "membership", "listing", "history", "due"}
# A query set narrowed by what `run` compiled needs its "id in this statement".
EXPRESSIONS = {"campaigns/journeys/queries/starts.py"}
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}
BUYERS = {
    "match": "all",
    "rules": [{"type": "event", "name": "order.placed", "op": "at_least", "count": 1, "within": {"days": 7}}],
}


@pytest.fixture
def compiled(monkeypatch):
    """Every tree that was compiled, in order, wherever the compiler was called from."""
    seen = []

    def recording(tree, *rest):
        seen.append(tree)
        return original(tree, *rest)

    original = compiler.compile_tree
    for module in (differences, run, reasons, values):
        monkeypatch.setattr(module, "compile_tree", recording)
    return seen


@pytest.fixture
def marketer(client):
    names = ("view_segment", "add_segment", "change_segment", "view_customer")
    client.force_login(people.staff_member("marta", *(f"customers.{name}" for name in names)))
    return client


def preview(client, do="refresh"):
    parts = {"name": "Germans", "r.match": "all", "r.n": "1", "r.0.what": "field:customer.country", "r.0.op": "is"}
    return client.post(reverse("customers:segment-preview"), {**parts, "r.0.value": "DE", "do": do})


def moved_by_an_event(customer, at):
    segment = save.rules(name="Buyers", definition=BUYERS, at=at)
    refresh.whole(segment.id, at=at)
    key = timeline.event_key("test", customer.id)
    timeline.record_many([timeline.NewEvent(customer.id, "order.placed", at, key, "test")], at=at)
    timeline.process_batch(at=at)
    refresh.touched(at=at)
    return SegmentMembership.objects.filter(segment=segment, customer=customer).exists()


def filled(at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    follow.due(at=at)
    return SegmentMembership.objects.filter(segment=segment).exists()


CONSUMERS = {
    "the preview of the builder": lambda client, alice, at: "Alice" in preview(client).content.decode(),
    "the count": lambda client, alice, at: queries.count(GERMANS, at) == 1,
    "a query set": lambda client, alice, at: list(queries.matching(GERMANS, at)) == [alice],
    "what saving would change": lambda client, alice, at: queries.difference(GERMANS, filled_id(at), at) == (0, 0),
    "the first fill": lambda client, alice, at: filled(at),
    "an event": lambda client, alice, at: moved_by_an_event(alice, at),
    "the night": lambda client, alice, at: filled(at) and night.whole(at=at),
    "the branch of a journey": lambda client, alice, at: (
        audience.matching_ids(GERMANS, customer_ids=[alice.id], at=at) == {alice.id}
    ),
    "the explanation": lambda client, alice, at: queries.explain(GERMANS, alice.id, at),
    "the explanation of a past day": lambda client, alice, at: queries.explain_at(filled_id(at), alice.id, at),
    "the API": lambda client, alice, at: (
        client.post("/api/v1/segments/preview/", {"definition": GERMANS}, content_type="application/json").json()["count"]
        == 1
    ),
}


def filled_id(at):
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    refresh.whole(segment.id, at=at)
    return segment.id


@pytest.mark.parametrize("name", CONSUMERS)
def test_every_consumer_asks_the_one_compiler(name, compiled, marketer, frozen_clock, at):
    alice = people.alice(country="DE")
    people.bob(country="FR")

    assert CONSUMERS[name](marketer, alice, at)

    assert compiled


def imports(path):
    """Modules that a file imports, with the names taken from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_nobody_outside_segments_reaches_into_the_compiler():
    found = set()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith("customers/segments/"):
                continue
            parts = {part.removeprefix(INSIDE).split(".")[0] for part in imports(path) if part.startswith(INSIDE)}
            found |= {(name, part) for part in parts - OPEN - set(queries.__all__)}

    assert {pair for pair in found if pair[1] != "expressions"} == set()
    assert {name for name, part in found if part == "expressions"} == EXPRESSIONS


def test_only_the_compiler_and_what_explains_it_call_it():
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "customers").rglob("*.py")
        if any(name.endswith("queries.compile.compile_tree") for name in imports(path))
    }

    assert callers == {f"customers/segments/queries/{name}.py" for name in ("differences", "reasons", "run", "values")}
