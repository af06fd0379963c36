"""Counts for the page that edits rules: how many match, a few of them, what saving would change, each condition alone.

Whatever takes longer than its time is left out and said so; the page never waits longer than it promised.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from config.kit import sql
from customers.models import Customer, SegmentMembership
from customers.segments.queries import run
from customers.segments.queries.expressions import InSet
from customers.segments.rules.tree import Group, Leaf, Match, Node

MEMBERS = "customers_segmentmembership"
SAMPLE, MOVING = 10, 5


@dataclass(frozen=True, slots=True)
class Alone:
    """How many customers one condition matches by itself; None when there was no time left to count."""

    count: int | None


@dataclass(slots=True)
class Found:
    """Who matches: how many, the newest few, and for a segment with members who would enter and leave it (newest few)."""

    count: int = 0
    sample: list[int] = field(default_factory=list)
    entering: int | None = None
    leaving: int | None = None
    enter_sample: list[int] = field(default_factory=list)
    leave_sample: list[int] = field(default_factory=list)


def look(tree: Group, at: datetime, segment_id: int | None = None) -> Found:
    """Everything about the rules in one statement that evaluates them once; `segment_id` compares with its members."""
    rules = run.compiled(tree, at)
    parts = [
        "SELECT 'count' AS what, COUNT(*) AS figure FROM found",
        f"SELECT 'sample', cid FROM (SELECT cid FROM found ORDER BY cid DESC LIMIT {SAMPLE}) s",
    ]
    params: list[Any] = list(rules.params)
    if segment_id is not None:
        is_member = f'SELECT 1 FROM "{MEMBERS}" m WHERE m.segment_id = %s AND m.customer_id = f.cid'
        gone = f'"{MEMBERS}" m WHERE m.segment_id = %s AND NOT EXISTS (SELECT 1 FROM found f WHERE f.cid = m.customer_id)'
        new = f"FROM found f WHERE NOT EXISTS ({is_member})"
        parts += [
            f"SELECT 'entering', COUNT(*) {new}",
            f"SELECT 'leaving', COUNT(*) FROM {gone}",
            f"SELECT 'enter', cid FROM (SELECT f.cid {new} ORDER BY f.cid DESC LIMIT {MOVING}) e",
            f"SELECT 'leave', cid FROM (SELECT m.customer_id AS cid FROM {gone} ORDER BY cid DESC LIMIT {MOVING}) l",
        ]
        params += [segment_id] * 4
    text = f"WITH found AS MATERIALIZED ({rules.text}) {' UNION ALL '.join(parts)}"
    return _sorted(_rows(text, params))


def _sorted(rows: list[tuple[str, int]]) -> Found:
    one = {what: figure for what, figure in rows if what in ("count", "entering", "leaving")}
    many: dict[str, list[int]] = {}
    for what, figure in rows:
        many.setdefault(what, []).append(figure)
    return Found(
        one["count"], many.get("sample", []), one.get("entering"), one.get("leaving"), many.get("enter", []),
        many.get("leave", []),
    )  # fmt: skip


def moving(tree: Group, segment_id: int, at: datetime) -> tuple[QuerySet[Customer], QuerySet[Customer]]:
    """The customers who would enter a segment with these rules, and those who would leave it."""
    rules = run.compiled(tree, at)
    matches = Q(InSet(F("pk"), rules.text, rules.params))
    is_member = Exists(SegmentMembership.objects.filter(segment_id=segment_id, customer=OuterRef("pk")))
    return Customer.objects.filter(matches, ~is_member), Customer.objects.filter(is_member).exclude(matches)


def alone(tree: Group, at: datetime, seconds: float) -> dict[str, Alone]:
    """Each condition by itself, by its place ("r.0.1"); together they take about `seconds`."""
    end, found = time.monotonic() + seconds, {}
    for place, leaf in places(tree):
        left = end - time.monotonic()
        try:
            if left <= 0:
                raise sql.TookTooLong
            with sql.statement_timeout(left):
                found[place] = Alone(run.count(Group(Match.ALL, (leaf,)), at))
        except sql.TookTooLong:
            found[place] = Alone(None)
    return found


def dearest(tree: Group, at: datetime) -> tuple[str, Leaf] | None:
    """The condition that PostgreSQL thinks is by far the most work, with its place; None where nobody can tell."""
    if not sql.is_postgresql():
        return None
    costs = [(_cost(leaf, at), place, leaf) for place, leaf in places(tree)]
    worst = max(costs, key=lambda item: item[0])
    return worst[1], worst[2]


def _cost(leaf: Leaf, at: datetime) -> float:
    rules = run.compiled(Group(Match.ALL, (leaf,)), at)
    plan = _rows(f"EXPLAIN (FORMAT JSON) {rules.text}", list(rules.params))[0][0]
    found = json.loads(plan) if isinstance(plan, str) else plan
    return float(found[0]["Plan"]["Total Cost"])


def places(node: Node, place: str = "r") -> Iterator[tuple[str, Leaf]]:
    """Every condition of a tree with its place."""
    if not isinstance(node, Group):
        yield place, node
        return
    for index, rule in enumerate(node.rules):
        yield from places(rule, f"{place}.{index}")


def _rows(text: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return list(cursor.fetchall())
