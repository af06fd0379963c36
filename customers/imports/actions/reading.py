"""Rows of a batch into what they mean; rows with a problem are put aside."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of, unreadable

T = TypeVar("T")


def read(rows: Sequence[Row], taking: Taking, parse: Callable[[Row, Taking], T], outcome: Outcome) -> list[tuple[Row, T]]:
    """What each sound row means, in order; the problems of the others go to `outcome`."""
    found = []
    for row in rows:
        problem = unreadable(row, taking)
        if problem is None:
            try:
                found.append((row, parse(row, taking)))
                continue
            except BadCell as error:
                problem = problem_of(row, taking, error)
        outcome.problems.append(problem)
    return found
