"""Thousands of random trees over worlds of hard cases give exactly the set that the oracle gives.

`SEGMENT_EXAMPLES=10000 pytest tests/customers/segments/test_zoo.py` runs that many trees; the suite runs 400.
"""

import os
import random

import pytest

from customers.segments.queries import run
from customers.segments.rules.parse import MAX_DEPTH
from tests.customers.segments import judge, oracle, trees, worlds

pytestmark = pytest.mark.django_db
TREES = int(os.environ.get("SEGMENT_EXAMPLES", "400"))
FIRST = int(os.environ.get("SEGMENT_SEED", "0"))
PER_WORLD = 40


def depth(node):
    return 1 + max(map(depth, node["rules"])) if "rules" in node else 0


def garden(seed):
    """A stored world, trees about it, and some of its people."""
    dice = random.Random(seed)
    world = worlds.world(dice)
    segments = worlds.store(world)
    ids = [one["id"] for one in world.people]
    return world, trees.some(dice, world, segments, PER_WORLD), dice.sample(ids, dice.randint(0, len(ids)))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + TREES // PER_WORLD))
def test_every_tree_gives_the_set_that_the_oracle_gives(seed):
    world, definitions, some = garden(seed)

    for number, definition in enumerate(definitions):
        at = trees.midway(world) if number % 4 == 0 else world.at
        if judge.differ(definition, world, some, at, is_thorough=number % 4 == 1):
            pytest.fail(judge.blame(definition, world, some, at))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(TREES // 400, 2)))
def test_none_is_the_complement_of_any_and_twice_none_is_any(seed):
    """A tree as deep as the language allows cannot be put into another group."""
    world, definitions, _ = garden(10_000 + seed)
    definitions = [definition for definition in definitions if depth(definition) < MAX_DEPTH]
    everybody = {one["id"] for one in world.people}

    for definition in definitions:
        chosen = {match: set(run.ids({**definition, "match": match}, world.at)) for match in ("any", "none", "all")}
        twice = {"match": "none", "rules": [{**definition, "match": "none"}]}

        assert chosen["none"] == everybody - chosen["any"], definition
        assert set(run.ids(twice, world.at)) == chosen["any"], definition
        assert chosen["all"] <= chosen["any"], definition


def test_the_zoo_asks_about_every_kind_and_is_not_answered_by_nobody():
    """Otherwise the comparison above would be empty: each kind finds somebody and leaves somebody out."""
    found, missed = set(), set()
    for seed in range(12):
        dice = random.Random(seed)
        world = worlds.world(dice)
        segments = worlds.store(world)
        gardener = trees.Gardener(dice, world, segments)
        for kind in gardener.kinds:
            for _ in range(15):
                leaf = {key: value for key, value in kind().items() if value is not None}
                chosen = oracle.matching(leaf, world.people, world.at, world.tz)
                name = (
                    leaf["type"],
                    leaf.get("measure", ""),
                    leaf["op"] if leaf["type"] in ("segment", "sequence") else "",
                )
                found.add(name) if chosen else None
                missed.add(name) if len(chosen) < len(world.people) else None

    assert found == missed
    assert {name[0] for name in found} == set(oracle.LEAVES)
