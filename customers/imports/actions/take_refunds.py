"""Rows of a refunds file into the database."""

from collections.abc import Sequence
from datetime import datetime

from config.kit import sql
from config.kit.clock import local_day
from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import OrderState
from customers.imports.actions.lookups import customers_by_external_id
from customers.imports.rules import taking as reading
from customers.imports.rules.taking import BadCell, Outcome, RefundValues, Row, Taking
from customers.models import Order, Refund

CHUNK = 5000
ALREADY = "is already here with other contents. An import never changes a refund; give this one another number."


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create the refunds that are new and take them off their orders. Runs in the caller's transaction."""
    outcome = Outcome()
    read: list[tuple[Row, RefundValues]] = []
    for row in rows:
        problem = reading.unreadable(row, taking)
        if problem is None:
            try:
                read.append((row, reading.refund(row, taking)))
                continue
            except BadCell as error:
                problem = reading.problem_of(row, taking, error)
        outcome.problems.append(problem)
    customers = customers_by_external_id({values.customer_id for _, values in read})
    orders = _orders(sorted({values.order_number for _, values in read if values.order_number}))
    known = _known(sorted({values.number for _, values in read}))
    new: list[tuple[Refund, bool]] = []
    for row, values in read:
        try:
            refund = _refund(values, customers, orders, taking)
            facts = (refund.customer_id, refund.refunded_at, refund.amount_minor)
            if values.number in known:
                if known[values.number] != facts:
                    raise BadCell("refund_number", ALREADY)
                outcome.unchanged += 1
                continue
        except BadCell as error:
            outcome.problems.append(reading.problem_of(row, taking, error))
            continue
        known[values.number] = facts
        new.append((refund, _take_off(refund, orders.get(values.order_number))))
    _save(new, [order for order in orders.values() if order.refunded_minor], taking, at)
    outcome.created = len(new)
    return outcome


def _refund(values: RefundValues, customers: dict[str, int], orders: dict[str, Order], taking: Taking) -> Refund:
    customer_id = customers.get(values.customer_id)
    if customer_id is None:
        raise BadCell("customer_id", "is not the external id of a customer here. Import the customers first.")
    order = orders.get(values.order_number)
    if values.order_number and order is None:
        raise BadCell("order_number", "is not an order here. Import the orders first, or leave the cell empty.")
    if order and order.customer_id != customer_id:
        raise BadCell("order_number", "is an order of another customer. Correct the order number or the customer.")
    return Refund(
        customer_id=customer_id,
        order=order,
        number=values.number,
        refunded_at=values.refunded_at,
        local_day=local_day(values.refunded_at, taking.zone_name),
        amount_minor=values.amount_minor,
        currency=values.currency,
    )


def _take_off(refund: Refund, order: Order | None) -> bool:
    """Add the refund to its order; True when it makes the order refunded in full."""
    if order is None:
        return False
    order.refunded_minor += refund.amount_minor
    in_full = order.state == OrderState.PAID and order.refunded_minor >= order.total_minor
    if in_full:
        order.state = OrderState.REFUNDED
    return in_full


def _save(new: list[tuple[Refund, bool]], orders: list[Order], taking: Taking, at: datetime) -> None:
    if not new:
        return
    Refund.objects.bulk_create([refund for refund, _ in new])
    Order.objects.bulk_update(orders, ["refunded_minor", "state"], batch_size=400)
    facts = []
    for refund, in_full in new:
        properties = {"refund_id": refund.pk, "number": refund.number, "in_full": in_full}
        if refund.order_id:
            properties["order_id"] = refund.order_id
        facts.append(
            NewEvent(
                refund.customer_id, events.ORDER_REFUNDED, refund.refunded_at, event_key("customers", "refund", refund.pk),
                taking.source, properties, refund.amount_minor, refund.currency,
            )
        )  # fmt: skip
    record_many(facts, at=at)


def _orders(numbers: list[str]) -> dict[str, Order]:
    found: dict[str, Order] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = sql.for_update(Order.objects.filter(number__in=numbers[start : start + CHUNK]).order_by("id"))
        found |= {order.number: order for order in rows}
    return found


def _known(numbers: list[str]) -> dict[str, tuple[int, datetime, int]]:
    found: dict[str, tuple[int, datetime, int]] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = Refund.objects.filter(number__in=numbers[start : start + CHUNK])
        for number, *facts in rows.values_list("number", "customer_id", "refunded_at", "amount_minor"):
            found[number] = tuple(facts)  # type: ignore[assignment]
    return found
