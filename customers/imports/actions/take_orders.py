"""Rows of an orders file into the database: one row per line, the lines of an order behind each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from customers.commerce.actions.orders import NewLine, NewOrder, place_many
from customers.imports.actions.lookups import People
from customers.imports.rules import records
from customers.imports.rules.records import Head, Line
from customers.imports.rules.taking import (
    BadCell,
    Outcome,
    Problem,
    Row,
    Taking,
    cell_of,
    problem_of,
    unreadable,
)

ALREADY = (
    "is already here with other contents. The lines of one order must stand behind each other; "
    "an import never changes an order: record what was given back in a refunds file."
)
SHARED = ("customer_id", "email", "placed_at")


@dataclass(slots=True)
class Draft:
    """One order as the file has it."""

    rows: list[Row]
    head: Head
    lines: list[Line] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        stated = self.head.total_minor
        return sum(line.amount_minor for line in self.lines) if stated is None else stated

    @property
    def discount_minor(self) -> int:
        stated = self.head.discount_minor
        return sum(line.discount_minor for line in self.lines) if stated is None else stated


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create the orders that are new; an order known already stays as it is. Runs in the caller's transaction.

    An order is taken whole or not at all: a problem in one row leaves out all rows of its order.
    """
    outcome = Outcome()
    drafts = []
    for _, group in groupby(rows, key=lambda row: cell_of(row, taking, "order_number")):
        draft = _draft(list(group), taking, outcome.problems)
        if draft:
            drafts.append(draft)
    people = People(draft.head.who for draft in drafts)
    wanted: dict[str, tuple[Draft, NewOrder]] = {}
    again: list[tuple[Draft, NewOrder]] = []
    for draft in drafts:
        try:
            order = _order(draft, people.get(draft.head.who), taking)
        except BadCell as error:
            _leave_out(draft, taking, error, outcome)
            continue
        if order.number in wanted:
            again.append((draft, order))
        else:
            wanted[order.number] = (draft, order)
    result = place_many([order for _, order in wanted.values()], at=at)
    outcome.created = len(result.created)
    outcome.unchanged = len(result.known)
    for number, reason in result.refused.items():
        _leave_out(wanted[number][0], taking, _refused(reason), outcome)
    for draft, order in again:  # its lines stand apart from the others of the same number
        if order.number not in result.refused and _facts(order) == _facts(wanted[order.number][1]):
            outcome.unchanged += 1
        else:
            _leave_out(draft, taking, BadCell("order_number", ALREADY), outcome)
    return outcome


def _facts(order: NewOrder) -> tuple[object, ...]:
    return order.customer_id, order.placed_at, order.total_minor, order.currency


def _refused(reason: str) -> BadCell:
    if "other contents" in reason:
        return BadCell("order_number", ALREADY)
    return of_rate(reason) or BadCell("order_number", reason.removeprefix("held:").strip())


def of_rate(reason: str) -> BadCell | None:
    """The problem of a row whose currency has no rate yet; None for another reason."""
    if "exchange rate" not in reason:
        return None
    return BadCell("currency", reason.removeprefix("held:").strip())


def _draft(rows: list[Row], taking: Taking, problems: list[Problem]) -> Draft | None:
    draft: Draft | None = None
    bad: dict[int, Problem] = {}
    for row in rows:
        unread = unreadable(row, taking)
        if unread:
            bad[row.number] = unread
            continue
        try:
            if draft is None:
                draft = Draft(rows, records.order_head(row, taking))
            else:
                _same_head(row, draft, taking)
            draft.lines.append(records.order_line(row, taking, draft.head.currency))
        except BadCell as error:
            bad[row.number] = problem_of(row, taking, error)
    if not bad:
        return draft
    line = next(iter(bad.values())).line
    reason = f"Left out, because line {line} of this order has a problem."
    problems += [bad.get(row.number) or Problem(row.line, "", reason, row.cells) for row in rows]
    return None


def _same_head(row: Row, draft: Draft, taking: Taking) -> None:
    first = draft.rows[0]
    for key in SHARED:
        cell = cell_of(row, taking, key)
        if cell and cell != cell_of(first, taking, key):
            raise BadCell(key, "differs from the first line of this order. All lines of an order share it.")


def _leave_out(draft: Draft, taking: Taking, error: BadCell, outcome: Outcome) -> None:
    outcome.problems += [problem_of(row, taking, error) for row in draft.rows]


def _order(draft: Draft, customer_id: int, taking: Taking) -> NewOrder:
    head = draft.head
    return NewOrder(
        customer_id=customer_id,
        number=head.number,
        placed_at=head.placed_at,
        currency=head.currency,
        total_minor=draft.total_minor,
        lines=tuple(NewLine(line.sku, line.quantity, line.unit_minor, line.name, line.category) for line in draft.lines),
        discount_minor=draft.discount_minor,
        source=taking.source,
    )
