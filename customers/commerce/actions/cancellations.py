"""Cancellations of orders: what was not refunded yet is given back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kit import sql
from config.kit.clock import local_day
from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.commerce.actions.refunds import Books, Refunds, known_refunds
from customers.commerce.actions.values import SOURCE, NewRefund, Result
from customers.enums import OrderState
from customers.models import Order
from customers.queries import brand


def cancel_many(numbers: Mapping[str, datetime], *, source: str, at: datetime) -> Result:
    """Cancel orders: what was not refunded yet is given back, the state is cancelled, `order.cancelled` is recorded.

    What is given back is a refund of its own, with `order.refunded` (in full, reason "cancelled"): points, referral
    rewards and revenue are taken back by the one path that takes them back for refunds, and so exactly once.
    `order.cancelled` itself carries no amount.
    """
    result = Result()
    with transaction.atomic():
        account = brand.current()
        books = Books.locked(numbers)
        run = Refunds(Result(), books, account, [])
        taken = _taken_numbers(books.orders.values())
        cancelled: list[tuple[Order, datetime, bool]] = []
        for number in sorted(numbers):
            order = books.orders.get(number)
            if order is None:
                result.refused[number] = f"held: there is no order {number[:80]} here yet."
            elif order.state == OrderState.CANCELLED:
                result.known.append(number)
            else:
                cancelled.append((order, numbers[number], order.state == OrderState.PAID))
                _give_back(run, order, numbers[number], source, taken)
        run.save(at)
        _cancelled(cancelled, run, source, account.timezone, at)
        result.created.extend(order.number for order, _, _ in cancelled)
    return result


def _give_back(run: Refunds, order: Order, moment: datetime, source: str, taken: set[str]) -> None:
    left = run.books.paid(order) - run.books.given[order.pk]
    if left <= 0:
        order.state = OrderState.CANCELLED
        run.changed[order.pk] = order
        return
    number = f"{order.number}-cancelled"
    if len(number) > 80 or number in taken:
        number = f"cancelled-order-{order.pk}"
    run.of_order(
        NewRefund(number, moment, left, order.charged_currency or order.currency, source=source), order, reason="cancelled"
    )


def _taken_numbers(orders: Iterable[Order]) -> set[str]:
    return set(known_refunds([f"{order.number}-cancelled"[:80] for order in orders]))


def _cancelled(cancelled: list[tuple[Order, datetime, bool]], run: Refunds, source: str, zone: str, at: datetime) -> None:
    refunded = {row[1] for row in run.rows.values()}
    rest = [order for order, _, _ in cancelled if order.pk not in refunded]
    sql.update_many(Order, "id", ["refunded_minor", "state"], [(o.pk, o.refunded_minor, str(o.state)) for o in rest])
    facts = []
    for order, moment, was_paid in cancelled:
        if was_paid and order.pk not in refunded:  # an order of 0: nothing is given back, but it counts no longer
            properties: dict[str, Any] = {
                "number": order.number,
                "in_full": True,
                "order_id": order.pk,
                "reason": "cancelled",
            }
            key = event_key("customers", "order-cancelled-free", order.pk)
            facts.append(
                NewEvent(order.customer_id, events.ORDER_REFUNDED, moment, key, source[:40] or SOURCE, properties, 0,
                         order.currency)
            )  # fmt: skip
        properties = {
            "order_id": order.pk, "number": order.number, "placed_on": order.local_day.isoformat(),
            "cancelled_on": local_day(moment, zone).isoformat(),
        }  # fmt: skip
        facts.append(
            NewEvent(order.customer_id, events.ORDER_CANCELLED, moment, event_key("customers", "order-cancelled", order.pk),
                     source[:40] or SOURCE, properties)
        )  # fmt: skip
    record_many(facts, at=at)
