"""Rows of a refunds file into the database."""

from collections.abc import Sequence
from datetime import datetime

from customers.commerce.actions.orders import NewRefund, refund_many
from customers.imports.actions.lookups import People
from customers.imports.actions.reading import read
from customers.imports.actions.take_orders import of_rate
from customers.imports.rules import records
from customers.imports.rules.records import RefundValues
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of

ALREADY = "is already here with other contents. An import never changes a refund; give this one another number."
UNKNOWN_ORDER = "is not an order here. Import the orders first, or leave the cell empty."


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create the refunds that are new and take them off their orders. Runs in the caller's transaction."""
    outcome = Outcome()
    sound = read(rows, taking, records.refund, outcome)
    people = People(values.who for _, values in sound if values.who.customer_id or values.who.email)
    wanted: dict[str, tuple[Row, NewRefund]] = {}
    again: list[tuple[Row, NewRefund]] = []
    for row, values in sound:
        try:
            refund = _refund(values, people, taking)
        except BadCell as error:
            outcome.problems.append(problem_of(row, taking, error))
            continue
        if refund.number in wanted:
            again.append((row, refund))
        else:
            wanted[refund.number] = (row, refund)
    result = refund_many([refund for _, refund in wanted.values()], at=at)
    outcome.created, outcome.unchanged = len(result.created), len(result.known)
    for number, reason in result.refused.items():
        outcome.problems.append(problem_of(wanted[number][0], taking, _refused(reason)))
    for row, refund in again:
        if refund.number not in result.refused and refund == wanted[refund.number][1]:
            outcome.unchanged += 1
        else:
            outcome.problems.append(problem_of(row, taking, BadCell("refund_number", ALREADY)))
    return outcome


def _refused(reason: str) -> BadCell:
    if "other contents" in reason:
        return BadCell("refund_number", ALREADY)
    if rate := of_rate(reason):
        return rate
    if reason.startswith("held:"):
        return BadCell("order_number", UNKNOWN_ORDER)
    return BadCell("order_number", reason)


def _refund(values: RefundValues, people: People, taking: Taking) -> NewRefund:
    named = values.who.customer_id or values.who.email
    return NewRefund(
        number=values.number,
        refunded_at=values.refunded_at,
        amount_minor=values.amount_minor,
        currency=values.currency,
        customer_id=people.get(values.who) if named else None,
        order_number=values.order_number,
        source=taking.source,
    )
