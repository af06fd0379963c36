"""Rows of an orders file into the database: one row per line, the lines of an order behind each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from config.kit import sql
from config.kit.clock import local_day
from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.imports.actions.lookups import customers_by_external_id, products_by_sku
from customers.imports.rules import taking as reading
from customers.imports.rules.taking import BadCell, Line, Outcome, Problem, Row, Taking
from customers.models import Order

CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Draft:
    """One order as the file has it."""

    rows: list[Row]
    number: str
    customer_id: str
    placed_at: datetime
    lines: list[Line]

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create the orders that are new; an order known already stays as it is. Runs in the caller's transaction.

    An order is taken whole or not at all: a problem in one row leaves out all rows of its order.
    """
    outcome = Outcome()
    drafts = []
    for _, group in groupby(rows, key=lambda row: reading.cell_of(row, taking, "order_number")):
        draft = _draft(list(group), taking, outcome.problems)
        if draft:
            drafts.append(draft)
    customers = customers_by_external_id({draft.customer_id for draft in drafts})
    known = _known({draft.number for draft in drafts})
    new: dict[str, tuple[Draft, Order]] = {}
    for draft in drafts:
        customer_id = customers.get(draft.customer_id)
        if customer_id is None:
            reason = "is not the external id of a customer here. Import the customers first."
            outcome.problems += _left_out(draft.rows, taking, draft.rows[0], BadCell("customer_id", reason))
        elif draft.number in known:
            if known[draft.number] == (customer_id, draft.placed_at, draft.total_minor):
                outcome.unchanged += 1
            else:
                outcome.problems += _left_out(draft.rows, taking, draft.rows[0], BadCell("order_number", ALREADY))
        else:
            new[draft.number] = (draft, _order(draft, customer_id, taking))
            known[draft.number] = (customer_id, draft.placed_at, draft.total_minor)
    _save(list(new.values()), taking, at)
    outcome.created = len(new)
    return outcome


ALREADY = (
    "is already here with other contents. The lines of one order must stand behind each other; "
    "an import never changes an order: record what was given back in a refunds file."
)


def _draft(rows: list[Row], taking: Taking, problems: list[Problem]) -> Draft | None:
    lines: list[Line] = []
    bad: list[tuple[Row, BadCell | Problem]] = []
    first: tuple[str, ...] | None = None
    head: dict[str, Any] = {}
    for row in rows:
        unreadable = reading.unreadable(row, taking)
        if unreadable:
            bad.append((row, unreadable))
            continue
        try:
            texts = tuple(reading.cell_of(row, taking, key) for key in ("customer_id", "placed_at"))
            if first is None:
                first, head = texts, _head(row, taking)
            elif texts != first:
                key = "customer_id" if texts[0] != first[0] else "placed_at"
                raise BadCell(key, "differs from the first line of this order. All lines of an order share it.")
            lines.append(reading.order_line(row, taking))
        except BadCell as error:
            bad.append((row, error))
    if bad:
        row = bad[0][0]
        own = {bad_row.number: what for bad_row, what in bad}
        for other in rows:
            what = own.get(other.number)
            if what is None:
                problems.append(
                    Problem(other.line, "", f"Left out, because line {row.line} of this order has a problem.", other.cells)
                )
            elif isinstance(what, Problem):
                problems.append(what)
            else:
                problems.append(reading.problem_of(other, taking, what))
        return None
    return Draft(rows, head["number"], head["customer_id"], head["placed_at"], lines)


def _head(row: Row, taking: Taking) -> dict[str, Any]:
    number = reading.required(row, taking, "order_number")
    if len(number) > 80:
        raise BadCell("order_number", "is longer than 80 characters")
    return {
        "number": number,
        "customer_id": reading.required(row, taking, "customer_id"),
        "placed_at": reading.placed_at(row, taking),
    }


def _left_out(rows: list[Row], taking: Taking, first: Row, error: BadCell) -> list[Problem]:
    return [reading.problem_of(row, taking, error) for row in rows]


def _known(numbers: set[str]) -> dict[str, tuple[int, datetime, int]]:
    wanted = sorted(numbers)
    found: dict[str, tuple[int, datetime, int]] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = Order.objects.filter(number__in=wanted[start : start + CHUNK])
        for number, *rest in rows.values_list("number", "customer_id", "placed_at", "total_minor"):
            found[number] = tuple(rest)  # type: ignore[assignment]
    return found


def _order(draft: Draft, customer_id: int, taking: Taking) -> Order:
    return Order(
        customer_id=customer_id,
        number=draft.number,
        placed_at=draft.placed_at,
        local_day=local_day(draft.placed_at, taking.zone_name),
        total_minor=draft.total_minor,
        discount_minor=sum(line.discount_minor for line in draft.lines),
        currency=taking.currency,
    )


def _save(new: list[tuple[Draft, Order]], taking: Taking, at: datetime) -> None:
    if not new:
        return
    Order.objects.bulk_create([order for _, order in new])
    products = products_by_sku({line.sku for draft, _ in new for line in draft.lines})
    sql.insert(
        "customers_orderline",
        ["order_id", "product_id", "quantity", "unit_minor"],
        [(order.pk, products[line.sku], line.quantity, line.unit_minor) for draft, order in new for line in draft.lines],
    )
    record_many(
        [
            NewEvent(
                order.customer_id, events.ORDER_PLACED, order.placed_at, event_key("customers", "order", order.pk),
                taking.source,
                {"order_id": order.pk, "number": order.number, "lines": len(draft.lines)}, order.total_minor,
                order.currency,
            )
            for draft, order in new
        ],
        at=at,
    )  # fmt: skip
