"""Whatever comes in as a definition is refused with a reason or can be run: nothing else happens, on either engine (T-01)."""

import copy
import math
import random

import pytest

from customers.segments import queries
from customers.segments.queries import run
from customers.segments.rules.parse import BadDefinition, parse
from tests.customers.segments import trees, worlds

pytestmark = pytest.mark.django_db
SPOILT = 3500

NASTY = [
    None, True, False, 0, -1, 1, 3, 101, 10**6 + 1, 2**31, 2**63, 10**400, -(10**400), 1e308, 5e-324, -0.0, 0.1, math.nan,
    math.inf, -math.inf, "", " ", "\x00", "a\x00b", "\ud800", "\u202e", "0", "²", "٣", "'", '"', ";", "--", "/*", "\\", "%s", "%(a)s",
    "%", "{}", "{0.__class__}", "{{ 7*7 }}", "$1", "?", "x" * 501, "x" * 100_000, "'; DROP TABLE customers_customer; --", "日本 🌹",
    "a\nb", "5\n", "2026-02-30", "2026-03-16", "9999-12-31", "0001-01-01", "-2026-03-16", "2026-W12-1", "segment.entered",
    "message.opened", "campaign:7", "campaign:-1", "campaign:" + "9" * 30, "journey:٣", "is", "between", "at_least", "any_of", "empty",
    "in_last", "did_not", "all", "none", "amount", "__proto__", "customer.email", "customer.attributes", [], [[]], [None], [1, 2],
    [2, 1], ["b", "a"], ["x"] * 1001, ["", "a"], [math.nan, 1], [10**400, 1], ["2026-01-01", "2025-01-01"], {}, {"a": 1}, {"days": 0},
    {"days": 36_501}, {"days": 10**30}, {"days": "7"}, {"days": 7, "hours": 1}, {"hours": 0}, {"hours": 8761}, {"hours": True},
    {"minutes": 5}, {"minutes": 10**18}, {"days": 36_500}, {"from": "2026-03-29", "to": "2026-03-28"}, {"from": "1900-01-01"},
    {"from": None}, {"to": "2200-12-31"}, {"from": 5}, {"match": "all", "rules": []}, {"match": "all"}, {"type": "event"}, (), b"x",
    object(), {1: 2}, {None: None}, {"op": "is"},
]  # fmt: skip


def nested(depth, inside):
    for _ in range(depth):
        inside = {"match": "all", "rules": [inside]}
    return inside


def places(node, path=()):
    """Every place in a definition that can be spoilt."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def spoilt(dice, definition):
    """A copy in which something is replaced, missing, doubled, renamed or added."""
    found = copy.deepcopy(definition)
    for _ in range(dice.choice([1, 1, 1, 2])):
        path = dice.choice([path for path in places(found) if path] or [()])
        if not path:
            return dice.choice(NASTY)
        holder = found
        for key in path[:-1]:
            holder = holder[key]
        nasty = copy.deepcopy(dice.choice([item for item in NASTY if type(item) is not object]))
        kind = dice.randrange(8)
        if kind == 0 and isinstance(holder, dict):
            del holder[path[-1]]
        elif kind == 1 and isinstance(holder, dict):
            holder[dice.choice(["op", "value", "within", "where", "as", "count", "x", "'", "\x00", "rules", "percent"])] = (
                nasty
            )
        elif kind == 2:
            holder[path[-1]] = [copy.deepcopy(holder[path[-1]])] * dice.choice([1, 2, 6, 101])
        else:
            holder[path[-1]] = nasty
    return found


def garbage(dice, gardener):
    """One definition: nonsense, or something good with a part of it spoilt."""
    kind = dice.randrange(20)
    if kind == 0:
        return dice.choice(NASTY)
    if kind == 1:
        return nested(dice.choice([9, 50, 5000]), gardener.leaf())
    if kind == 2:
        return {"match": "all", "rules": [gardener.leaf() for _ in range(dice.choice([100, 101, 500]))]}
    return spoilt(dice, {"match": "any", "rules": [gardener.leaf()]})


def test_garbage_is_refused_with_a_reason_or_runs():
    dice = random.Random(4)
    world = worlds.world(dice)
    gardener = trees.Gardener(dice, world, worlds.store(world))
    refused = ran = silent = 0

    for _ in range(SPOILT):
        definition = garbage(dice, gardener)
        try:
            tree = parse(definition)
        except BadDefinition as error:
            refused += 1
            silent += not error.mistakes or not all(mistake.message for mistake in error.mistakes)
            str(error).encode()
        else:
            ran += 1
            if ran % 4 == 0:
                run.ids(tree, world.at)
                queries.describe(definition)
            elif ran % 4 == 1:
                run.count(tree, world.at)
                queries.explain(definition, world.people[0]["id"], world.at)
            else:
                run.ids(tree, world.at, [world.people[0]["id"]])

    assert silent == 0
    assert refused > SPOILT / 3
    assert ran > 100


HUGE = [
    {"type": "event", "name": "a", "op": "at_least", "count": 1_000_000, "within": {"days": 36_500}},
    {"type": "event_time", "name": "a", "which": "last", "op": "in_next", "value": 36_500},
    {"type": "attribute", "key": "a", "as": "number", "op": "is", "value": 1e15},
    {"type": "attribute", "key": "a", "as": "number", "op": "between", "value": [-1e15, 1e15]},
    {"type": "attribute", "key": "tier", "as": "text", "op": "any_of", "value": [f"%s'{{}}{n}" for n in range(1000)]},
    {
        "type": "orders",
        "measure": "total",
        "op": "at_least",
        "value": 10**15,
        "within": {"from": "1900-01-01", "to": "2200-12-31"},
    },
    {"type": "field", "field": "customer.order_count", "op": "is", "value": 10**15},
    {"type": "field", "field": "customer.renews_on", "op": "in_next", "value": 36_500},
    {"type": "field", "field": "customer.created_at", "op": "more_ago", "value": 36_500},
    {"type": "field", "field": "customer.born_on", "op": "anniversary_next", "value": 36_500},
    {"type": "segment", "segment": 2**31 - 1, "op": "not_in"},
    {"type": "random", "percent": 99, "salt": "%s {} ' \" ; -- $1 ? \\"},
]


@pytest.mark.parametrize("leaf", HUGE)
def test_the_largest_values_that_are_allowed_can_be_run(leaf):
    world = worlds.world(random.Random(1))
    worlds.store(world)
    definition = {"match": "none", "rules": [leaf, *[{"match": "any", "rules": [leaf]}] * 40]}

    assert run.count(definition, world.at) == len(run.ids(definition, world.at))


def test_values_out_of_anywhere_in_attributes_are_no_error():
    """Data from outside is not checked as definitions are: whatever an attribute holds, a typed question has an answer."""
    from customers.models import Customer

    world = worlds.world(random.Random(2))
    worlds.store(world)
    stored = [item for item in NASTY if isinstance(item, str | int | float | list | dict | None) and storable(item)]
    Customer.objects.bulk_create(
        Customer(created_at=world.at, updated_at=world.at, attributes={"odd": item}) for item in stored
    )
    gardener = trees.Gardener(random.Random(3), world, {"none": 1})

    for _ in range(150):
        leaf = {"type": "attribute", "key": "odd", **gardener.typed()}
        assert run.count({"match": "all", "rules": [leaf]}, world.at) >= 0


def storable(item):
    """What both engines take as JSON: no NUL, no lone surrogate, no NaN, no number beyond a double."""
    if isinstance(item, float):
        return math.isfinite(item)
    if isinstance(item, int):
        return abs(item) < 2**63
    if isinstance(item, str):
        return "\x00" not in item and "\ud800" not in item
    if isinstance(item, dict):
        return all(isinstance(key, str) for key in item) and all(storable(value) for value in item.values())
    return item is None or all(storable(part) for part in item)
