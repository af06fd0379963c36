"""Rows of a points file: balances that customers bring along, given by the app that keeps points."""

from collections.abc import Sequence
from datetime import datetime

from customers.enums import ImportKind
from customers.imports.actions.lookups import People
from customers.imports.actions.reading import read
from customers.imports.rules import records
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of
from customers.ports import import_kinds
from customers.ports.import_kinds import OpeningBalance


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Give each customer the balance once per key; runs in the caller's transaction."""
    outcome = Outcome()
    sound = read(rows, taking, records.points, outcome)
    people = People(values.who for _, values in sound)
    wanted = []
    for row, values in sound:
        try:
            balance = OpeningBalance(people.get(values.who), values.points, values.key, values.expires_on)
        except BadCell as error:
            outcome.problems.append(problem_of(row, taking, error))
        else:
            wanted.append((row, balance))
    results = import_kinds.get(ImportKind.POINTS).take([balance for _, balance in wanted], at)
    for (row, _), result in zip(wanted, results, strict=True):
        if result == import_kinds.CREATED:
            outcome.created += 1
        elif result == import_kinds.UNCHANGED:
            outcome.unchanged += 1
        else:
            outcome.problems.append(problem_of(row, taking, BadCell("points", result)))
    return outcome
