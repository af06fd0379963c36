"""Reads of segments: who matches a definition, who is a member, what a definition says in words."""

from customers.segments.queries.history import changes, version_at
from customers.segments.queries.membership import choosable, members, members_at, uses
from customers.segments.queries.past import explain_at
from customers.segments.queries.reasons import explain
from customers.segments.queries.run import count, difference, ids, matching
from customers.segments.queries.words import describe, outline

__all__ = [
    "changes",
    "choosable",
    "count",
    "describe",
    "difference",
    "explain",
    "explain_at",
    "ids",
    "matching",
    "members",
    "members_at",
    "outline",
    "uses",
    "version_at",
]
