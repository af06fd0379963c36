"""How the first rows of a file would be taken, for the mapping page."""

from collections.abc import Callable, Sequence
from typing import Any

from customers.enums import ImportKind
from customers.imports.rules import records
from customers.imports.rules.formats import further
from customers.imports.rules.taking import BadCell, Problem, Row, Taking, cell_of, customer, problem_of, unreadable


def preview(rows: Sequence[Row], taking: Taking) -> list[dict[str, Any]]:
    """How first rows would be taken: `line`, `values` by target in the order of the file, or the `problem`."""
    shown = []
    for row in rows:
        problem, taken = unreadable(row, taking), {}
        if not problem:
            try:
                taken = READ[taking.kind](row, taking)
            except BadCell as error:
                problem = problem_of(row, taking, error)
        shown.append({"line": row.line, "values": [taken.get(key, "") for key in taking.positions], "problem": problem})
    return shown


def problems(rows: Sequence[Row], taking: Taking) -> list[Problem]:
    """What is wrong with these rows, as far as the file alone can tell."""
    return [shown["problem"] for shown in preview(rows, taking) if shown["problem"]]


def _customer(row: Row, taking: Taking) -> dict[str, Any]:
    person = customer(row, taking)
    raw = {key: cell_of(row, taking, key) for key in taking.positions}
    named = {key: person.attributes.get(found[1], "") for key in taking.positions if (found := further(key))}
    return raw | person.values | named


def _raw(row: Row, taking: Taking) -> dict[str, Any]:
    return {key: cell_of(row, taking, key) for key in taking.positions}


def _order(row: Row, taking: Taking) -> dict[str, Any]:
    head = records.order_head(row, taking)
    records.order_line(row, taking, head.currency)
    return _raw(row, taking) | {"placed_at": head.placed_at}


def _timed(read: Callable[[Row, Taking], Any], *keys: str) -> Callable[[Row, Taking], dict[str, Any]]:
    def reading(row: Row, taking: Taking) -> dict[str, Any]:
        found = read(row, taking)
        return _raw(row, taking) | {key: value for key in keys if (value := getattr(found, key)) is not None}

    return reading


READ: dict[str, Callable[[Row, Taking], dict[str, Any]]] = {
    ImportKind.CUSTOMERS: _customer,
    ImportKind.PRODUCTS: lambda row, taking: dict(records.product(row, taking)),
    ImportKind.ORDERS: _order,
    ImportKind.REFUNDS: _timed(records.refund, "refunded_at"),
    ImportKind.EVENTS: _timed(records.event, "occurred_at"),
    ImportKind.SUBSCRIPTIONS: _timed(records.subscription, "status", "started_at", "changed_at"),
    ImportKind.CONSENTS: _timed(records.consent, "state", "channel", "changed_at"),
    ImportKind.POINTS: _timed(records.points, "points"),
}
