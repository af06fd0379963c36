"""The compiler before the oracle: the same question to both, and the smallest part on which they differ."""

from customers.segments.queries import run
from customers.segments.rules.dump import dump
from customers.segments.rules.parse import parse
from tests.customers.segments import oracle, trees


def differ(definition, world, some=None, at=None, is_thorough=True):
    """What is wrong with the compiler's answers for a definition, in words; empty when everything agrees.

    Asked are everybody and the customers `some`, thoroughly also the number and a query set; and the definition must
    survive a round trip.
    """
    at = at or world.at
    expected = oracle.matching(definition, world.people, at, world.tz)
    tree = parse(definition)
    if parse(dump(tree)) != tree:
        return f"reads back as {dump(tree)}"
    found = run.ids(tree, at)
    if len(found) != len(set(found)):
        return f"somebody twice: {found}"
    if set(found) != expected:
        return f"expected {sorted(expected)}, got {sorted(found)}"
    if some is not None and set(run.ids(tree, at, some)) != expected & set(some):
        return f"of {some} expected {sorted(expected & set(some))}, got {sorted(run.ids(tree, at, some))}"
    return _others(tree, expected, at) if is_thorough else ""


def _others(tree, expected, at):
    if run.count(tree, at) != len(expected):
        return f"counted {run.count(tree, at)} instead of {len(expected)}"
    return "" if set(run.matching(tree, at).values_list("id", flat=True)) == expected else "the query set holds others"


def blame(definition, world, some=None, at=None):
    """The report about a definition that went wrong, with the one condition that does so alone, if there is one."""
    for leaf in trees.leaves(definition):
        alone = {"match": "all", "rules": [leaf]}
        if wrong := differ(alone, world, some, at):
            definition, said = alone, wrong
            break
    else:
        said = differ(definition, world, some, at)
    people = "\n".join(str({"id": one["id"], **one}) for one in world.people)
    return f"{said}\n{definition}\nat {at or world.at} in {world.zone}\n{people}"
