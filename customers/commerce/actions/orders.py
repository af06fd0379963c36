"""Orders, refunds and cancellations: the one way in for files, sources and clients.

Everything runs in the caller's transaction, in sets, and can be repeated: an order or refund is known by its number and
never changed. Orders are locked in the order of their ids. Amounts of another currency are converted once, by the rate
of the order's day, and kept beside what was charged; a refund is converted by the rate of its order, so that the
refunds of an order add up to exactly what it brought in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from config.kit import sql
from config.kit.clock import local_day
from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.commerce.actions import products
from customers.commerce.actions.cancellations import cancel_many
from customers.commerce.actions.refunds import refund_many
from customers.commerce.actions.values import (
    CHUNK,
    CURRENCY,
    LIMIT,
    OTHER_CONTENTS,
    SOURCE,
    NewLine,
    NewOrder,
    NewRefund,
    Result,
    existing,
)
from customers.commerce.queries import rates
from customers.commerce.rules import convert
from customers.enums import OrderState
from customers.models import Order
from customers.queries import brand

__all__ = ["NewLine", "NewOrder", "NewRefund", "Result", "cancel_many", "place_many", "refund_many"]


def place_many(orders: Sequence[NewOrder], *, at: datetime) -> Result:
    """Take orders that are new, with lines and `order.placed`; one that is known stays as it is.

    An order is refused whole: without a customer, with an impossible amount, without a rate for its currency, or when its
    number is here with another customer, moment or amount.
    """
    result = Result()
    account = brand.current()
    customers = existing(order.customer_id for order in orders)
    found = rates.of_days(
        (order.currency.upper(), local_day(order.placed_at, account.timezone))
        for order in orders
        if order.currency.upper() != account.currency and CURRENCY.fullmatch(order.currency.upper())
    )
    drafts: dict[str, _Draft] = {}
    for order in orders:
        if problem := _problem(order, customers):
            result.refused[order.number] = problem
            continue
        draft = _draft(order, account.currency, local_day(order.placed_at, account.timezone), found)
        if draft is None:
            result.refused[order.number] = rates.missing(
                order.currency.upper(), local_day(order.placed_at, account.timezone)
            )
        elif order.number not in drafts:
            drafts[order.number] = draft
        elif drafts[order.number].facts == draft.facts:
            result.known.append(order.number)
        else:
            result.refused[order.number] = OTHER_CONTENTS
    with transaction.atomic():
        _save(drafts, result, account.currency, at)
    return result


@dataclass(slots=True)
class _Draft:
    order: NewOrder
    day: date
    total_minor: int
    discount_minor: int
    units: list[int]
    charged_minor: int | None = None
    charged_currency: str = ""
    rate: Decimal | None = None

    @property
    def facts(self) -> tuple[Any, ...]:
        """What makes it the same order: converted amounts are left out, for the rate may have been corrected since."""
        charged = self.total_minor if self.charged_minor is None else self.charged_minor
        return (self.order.customer_id, self.order.placed_at, charged, self.charged_currency)


def _problem(order: NewOrder, customers: set[int]) -> str:
    if not order.number.strip() or len(order.number) > 80:
        return "The number of an order has 1 to 80 characters."
    if order.customer_id not in customers:
        return "There is no such customer here. Take in the customer first."
    if not CURRENCY.fullmatch(order.currency.upper()):
        return f"{order.currency[:10]!r} is not a currency. Write its three letters, such as EUR."
    if not 0 <= order.total_minor <= LIMIT:
        return "The total is below 0 or impossible. Write what was paid; refunds are recorded for themselves."
    if abs(order.discount_minor) > LIMIT:
        return "The discount is an impossible amount."
    for line in order.lines:
        if not line.sku.strip() or len(line.sku) > 80:
            return "The SKU of a line has 1 to 80 characters."
        if not 0 < line.quantity < 2**31:
            return f"The line of {line.sku} has a quantity below 1."
        if abs(line.unit_minor) > LIMIT:
            return f"The line of {line.sku} has an impossible price."
    return ""


def _draft(order: NewOrder, account: str, day: date, found: convert.Rates) -> _Draft | None:
    currency = order.currency.upper()
    if currency == account:
        return _Draft(order, day, order.total_minor, order.discount_minor, [line.unit_minor for line in order.lines])
    rate = convert.rate_on(found, currency, day)
    if rate is None:
        return None
    total, discount, *units = (
        convert.converted(amount, currency, account, rate)
        for amount in (order.total_minor, order.discount_minor, *(line.unit_minor for line in order.lines))
    )
    return _Draft(order, day, total, discount, units, order.total_minor, currency, rate)


ORDER_COLUMNS = (
    "customer_id", "number", "placed_at", "local_day", "total_minor", "discount_minor", "currency", "state",
    "refunded_minor", "charged_minor", "charged_currency", "rate", "source",
)  # fmt: skip


def _save(drafts: Mapping[str, _Draft], result: Result, account: str, at: datetime) -> None:
    fresh = _compare(drafts, result)
    if not fresh:
        return
    wanted: dict[str, tuple[str, str]] = {}
    for number in fresh:
        for line in drafts[number].order.lines:
            name, category = wanted.get(line.sku, ("", ""))
            wanted[line.sku] = (name or line.name, category or line.category)
    ids = products.ensure(wanted) if wanted else {}
    rows = [_row(drafts[number], account) for number in sorted(fresh)]
    created = {number: pk for pk, number in sql.insert_returning(Order, ORDER_COLUMNS, rows, returning=["id", "number"])}
    if len(created) < len(fresh):  # somebody else was taking the same orders and is done now
        _compare({number: drafts[number] for number in fresh if number not in created}, result)
    sql.insert(
        "customers_orderline",
        ["order_id", "product_id", "quantity", "unit_minor"],
        [
            (pk, ids[line.sku], line.quantity, unit)
            for number, pk in created.items()
            for line, unit in zip(drafts[number].order.lines, drafts[number].units, strict=True)
        ],
    )
    record_many([_placed(drafts[number], pk, account) for number, pk in created.items()], at=at)
    result.created.extend(number for number in drafts if number in created)


def _compare(drafts: Mapping[str, _Draft], result: Result) -> list[str]:
    """Sort out the numbers that are here already; returns the others."""
    fresh, numbers = [], list(drafts)
    known: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = Order.objects.filter(number__in=numbers[start : start + CHUNK])
        names = ("number", "customer_id", "placed_at", "total_minor", "charged_minor", "charged_currency")
        for number, customer_id, placed_at, total, charged, currency in rows.values_list(*names):
            known[number] = (customer_id, placed_at, total if charged is None else charged, currency)
    for number in numbers:
        if number not in known:
            fresh.append(number)
        elif known[number] == drafts[number].facts:
            result.known.append(number)
        else:
            result.refused[number] = OTHER_CONTENTS
    return fresh


def _row(draft: _Draft, account: str) -> tuple[Any, ...]:
    order = draft.order
    return (
        order.customer_id, order.number, order.placed_at, draft.day, draft.total_minor, draft.discount_minor, account,
        OrderState.PAID.value, 0, draft.charged_minor, draft.charged_currency, draft.rate, order.source[:40],
    )  # fmt: skip


def _placed(draft: _Draft, pk: int, account: str) -> NewEvent:
    order = draft.order
    properties: dict[str, Any] = {"order_id": pk, "number": order.number, "lines": len(order.lines)}
    if draft.charged_minor is not None:
        properties |= {"charged_minor": draft.charged_minor, "charged_currency": draft.charged_currency}
    return NewEvent(
        order.customer_id, events.ORDER_PLACED, order.placed_at, event_key("customers", "order", pk),
        order.source[:40] or SOURCE, properties, draft.total_minor, account,
    )  # fmt: skip
