"""Each check of the zoo can fail: a compiler that is wrong in one small point is caught, and so are lazy workers."""

import random
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import pytest

from customers.segments.actions import announce, follow, refresh
from customers.segments.queries import run
from customers.segments.rules import tree as rules
from customers.segments.rules.parse import parse
from tests.customers.segments import judge, streams, trees, worlds
from tests.customers.segments.test_incremental import STARTS

pytestmark = pytest.mark.django_db
COMPILE = run.compile_tree


def everywhere(node, change):
    """The tree with `change` applied to each of its parts, from the inside out."""
    if isinstance(node, tuple):
        return tuple(everywhere(item, change) for item in node)
    if not is_dataclass(node):
        return node
    parts = {part.name: everywhere(getattr(node, part.name), change) for part in fields(node)}
    return change(type(node)(**parts))


def on(kind, **values):
    """A change of parts of one type; a value that can be called gets the part."""
    return lambda node: (
        replace(node, **{key: value(node) if callable(value) else value for key, value in values.items()})
        if isinstance(node, kind) else node
    )  # fmt: skip


def test_op(old, new):
    return on(rules.Test, op=lambda test: new if test.op == old else test.op)


test_op.__test__ = False

WRONG_LEAVES = {
    "windows of hours are a minute long": ("event", on(rules.Window, hours=lambda w: w.hours and 1)),
    "windows of days end a day early": ("event", on(rules.Window, days=lambda w: w.days and w.days + 1)),
    "fixed windows forget their first day": ("event", on(rules.Window, first=lambda w: w.first and w.first + timedelta(1))),
    "conditions on properties are forgotten": ("event", on(rules.EventCount, where=())),
    "at least is more than": ("event", on(rules.EventCount, count=lambda e: e.count + (e.op == "at_least"))),
    "between has no upper end": ("event", on(rules.EventCount, most=lambda e: e.most and e.most + 9)),
    "days ago is a day off": ("field", on(rules.Test, value=lambda t: t.value + 1 if t.op == "days_ago" else t.value)),
    "in days is in the next days": ("field", test_op("in_days", "in_next")),
    "anniversary on is in the next": ("field", test_op("anniversary_on", "anniversary_next")),
    "not contains is contains": ("field", test_op("not_contains", "contains")),
    "first is last": ("event_time", on(rules.EventTime, is_first=lambda e: not e.is_first)),
    "the sum is the largest": ("event_measure", on(rules.EventMeasure, measure=lambda m: {"sum": "max"}.get(m.measure, m.measure))),
    "distinct counts days": ("event_measure", on(rules.EventMeasure, measure=lambda m: {"distinct": "days"}.get(m.measure, m.measure))),
    "steps need not share anything": ("sequence", on(rules.Sequence, join="")),
    "steps have all the time in the world": ("sequence", on(rules.Step, minutes=None)),
    "the last step need not be missing": ("sequence", on(rules.Step, did=True)),
    "did not is did": ("sequence", on(rules.Sequence, did=True)),
    "any campaign will do": ("message", on(rules.MessageCount, source="")),
    "any channel will do": ("message", on(rules.MessageCount, channel="")),
    "all products count": ("orders", on(rules.Orders, products=())),
    "the average is the largest": ("orders", on(rules.Orders, measure=lambda o: {"average": "largest"}.get(o.measure, o.measure))),
    "the first order is the last": ("orders", on(rules.Orders, measure=lambda o: {"first_at": "last_at"}.get(o.measure, o.measure))),
    "entered is left": ("segment", on(rules.SegmentMoved, entered=lambda s: not s.entered)),
    "in is not in": ("segment", on(rules.InSegment, is_in=lambda s: not s.is_in)),
    "shares begin at 0": ("random", on(rules.RandomShare, first=0)),
    "denied is unasked": ("consent", on(rules.ConsentIs, state=lambda c: {"denied": "unasked"}.get(c.state, c.state))),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_LEAVES)
def test_a_compiler_that_misreads_a_condition_is_caught(name, monkeypatch):
    kind, change = WRONG_LEAVES[name]
    monkeypatch.setattr(run, "compile_tree", lambda tree, *rest: COMPILE(everywhere(tree, change), *rest))

    assert caught(lambda gardener: {"match": "all", "rules": [without_none(getattr(gardener, kind)())]}, change)


def test_a_compiler_that_takes_any_for_all_is_caught(monkeypatch):
    change = on(rules.Group, match=lambda g: rules.Match.ANY if g.match is rules.Match.ALL else g.match)
    monkeypatch.setattr(run, "compile_tree", lambda tree, *rest: COMPILE(everywhere(tree, change), *rest))

    assert caught(lambda gardener: gardener.tree((2, 3)), change)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree, moment, ids=None: COMPILE(tree, replace(moment, zone="Asia/Tokyo"), ids),
        lambda tree, moment, ids=None: COMPILE(tree, replace(moment, at=moment.at + timedelta(microseconds=1)), ids),
        lambda tree, moment, ids=None: COMPILE(tree, moment),
    ],
    ids=["another zone", "a microsecond late", "everybody instead of those asked about"],
)
def test_a_compiler_with_a_wrong_clock_or_crowd_is_caught(change, monkeypatch):
    monkeypatch.setattr(run, "compile_tree", change)

    assert caught(lambda gardener: {"match": "all", "rules": [gardener.leaf()]})


def without_none(leaf):
    return {key: value for key, value in leaf.items() if value is not None}


def caught(make, change=None):
    """Whether the oracle objects to one of some definitions; only those count that the change makes a difference to."""
    for seed in range(12):
        dice = random.Random(seed)
        world = worlds.world(dice)
        gardener = trees.Gardener(dice, world, worlds.store(world))
        some = [one["id"] for one in world.people[:2]]
        asked = 0
        for _ in range(400):
            definition = make(gardener)
            if change and everywhere(parse(definition), change) == parse(definition):
                continue
            asked += 1
            if judge.differ(definition, world, some, is_thorough=False):
                return True
            if asked == 25:
                break
    return False


@pytest.mark.parametrize(
    ("place", "name", "lazy"),
    [
        (refresh, "touched", lambda **_: 0),
        (follow, "windows", lambda **_: 0),
        (announce, "_event", None),
    ],
    ids=["touches are lost", "time is not followed", "everything entered"],
)
def test_workers_that_leave_something_out_are_caught(place, name, lazy, monkeypatch):
    monkeypatch.setattr(place, name, lazy or swapped(announce._event))

    stream = streams.Stream(random.Random(1), *STARTS[1], rules=8)
    for _ in range(60):
        stream.step()
        stream.settle()
        if found := stream.wrong():
            break
        stream.remember()

    assert found


def swapped(tell):
    return lambda *parts: replace(tell(*parts), name="segment.entered")
