"""Why a customer is in or out: each rule with its truth and the value it looked at."""

from datetime import datetime
from typing import Any

from django.db import connection

from config.kit.sql import read_only
from customers.queries import brand
from customers.segments.queries import values, words
from customers.segments.queries.compile import compile_tree
from customers.segments.queries.predicates import Moment
from customers.segments.queries.words import Line, Names
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import Group, Leaf, Node
from customers.segments.rules.tree import leaves as leaves_of

SECONDS = 10


def explain(definition: dict[str, Any] | Group, customer_id: int, at: datetime) -> Line:
    """The rules in words with `is_true` on every line and `value` on every condition, for one customer at one moment.

    Truth comes from the same compiler as membership, all conditions in one statement. Raises `BadDefinition` and
    `TookTooLong`.
    """
    tree = definition if isinstance(definition, Group) else parse(definition)
    moment = Moment(at, brand.current().timezone)
    return _line(tree, _truths(tree, moment, customer_id), words.names(tree), moment, customer_id)


def _truths(tree: Group, moment: Moment, customer_id: int) -> dict[Leaf, bool]:
    asked = list(dict.fromkeys(leaves_of(tree)))
    sets = [compile_tree(leaf, moment, [customer_id]) for leaf in asked]
    columns = ", ".join(f"EXISTS (SELECT 1 FROM ({found.text}) e{index})" for index, found in enumerate(sets))
    with read_only(SECONDS), connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [value for found in sets for value in found.params])
        return {leaf: bool(truth) for leaf, truth in zip(asked, cursor.fetchone(), strict=True)}


def _line(node: Node, truths: dict[Leaf, bool], known: Names, moment: Moment, customer_id: int) -> Line:
    if not isinstance(node, Group):
        value = values.shown(node, moment, known.currency, customer_id)
        return Line(words.sentence(node, known), is_true=truths[node], value=value)
    rules = [_line(rule, truths, known, moment, customer_id) for rule in node.rules]
    held = [bool(rule.is_true) for rule in rules]
    is_true = {"all": all(held), "any": any(held), "none": not any(held)}[node.match.value]
    return Line(words.MATCHES[node.match.value], rules, is_true)
