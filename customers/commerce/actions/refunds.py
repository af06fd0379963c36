"""Refunds: money given back, each once by its number, at the rate of its order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum

from config.kit import sql
from config.kit.clock import local_day
from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.commerce.actions.values import CHUNK, CURRENCY, LIMIT, OTHER_CONTENTS, SOURCE, NewRefund, Result, existing
from customers.commerce.queries import rates
from customers.commerce.rules import convert
from customers.enums import OrderState
from customers.models import Order, Refund
from customers.queries import brand


def refund_many(refunds: Sequence[NewRefund], *, at: datetime) -> Result:
    """Give money back, once per number, and take it off the order; records `order.refunded`.

    The customer is taken from the order when not given. More than was paid is refused, and so is another currency than
    the order was charged in. An order that is not here yet makes the refund wait ("held:"). What a cancellation gave back
    is not given back twice: a refund of a cancelled order counts as known.
    """
    result = Result()
    with transaction.atomic():
        books = Books.locked({refund.order_number for refund in refunds if refund.order_number})
        run = Refunds(result, books, brand.current(), refunds)
        for refund in sorted(refunds, key=lambda r: (r.refunded_at, r.number)):
            run.take(refund)
        run.save(at)
    return result


@dataclass(slots=True)
class Books:
    """Orders under lock, with what was given back of each in the currency it was charged in."""

    orders: dict[str, Order]
    given: dict[int, int]

    @classmethod
    def locked(cls, numbers: Iterable[str]) -> "Books":
        wanted = sorted(numbers)
        orders: dict[str, Order] = {}
        ids: list[int] = []
        for start in range(0, len(wanted), CHUNK):
            part = Order.objects.filter(number__in=wanted[start : start + CHUNK])
            ids += list(part.values_list("id", flat=True))
        for start in range(0, len(ids), CHUNK):
            rows = sql.for_update(Order.objects.filter(id__among=sorted(ids)[start : start + CHUNK]).order_by("id"))
            orders |= {order.number: order for order in rows}
        foreign = [order.pk for order in orders.values() if order.charged_minor is not None]
        given = {order.pk: order.refunded_minor for order in orders.values() if order.charged_minor is None}
        if foreign:
            sums = Refund.objects.filter(order_id__among=foreign).values_list("order_id").annotate(Sum("charged_minor"))
            given |= dict.fromkeys(foreign, 0) | {pk: int(total or 0) for pk, total in sums if pk is not None}
        return cls(orders, given)

    def paid(self, order: Order) -> int:
        return order.total_minor if order.charged_minor is None else order.charged_minor

    def give(self, order: Order, amount: int, account: str) -> int:
        """Take an amount (in the currency charged) off an order; returns it in the account's currency.

        Cumulated amounts are converted, not each for itself, so that roundings never add up: all of it is all of it.
        """
        self.given[order.pk] += amount
        total = self.given[order.pk]
        if order.rate is None:
            worth = total
        elif total >= self.paid(order):
            worth = order.total_minor
        else:
            worth = convert.converted(total, order.charged_currency, account, order.rate)
        taken = max(worth - order.refunded_minor, 0)
        order.refunded_minor += taken
        return taken


REFUND_COLUMNS = (
    "customer_id", "order_id", "number", "refunded_at", "local_day", "amount_minor", "currency", "charged_minor",
    "charged_currency", "rate",
)  # fmt: skip


class Refunds:
    def __init__(self, result: Result, books: Books, account: Any, refunds: Sequence[NewRefund]) -> None:
        self.result, self.books, self.account = result, books, account
        self.customers = existing(refund.customer_id for refund in refunds)
        self.known = known_refunds([refund.number for refund in refunds])
        self.rates = rates.of_days(
            (r.currency.upper(), local_day(r.refunded_at, account.timezone))
            for r in refunds
            if not r.order_number and r.currency.upper() != account.currency
        )
        self.rows: dict[str, tuple[Any, ...]] = {}
        self.about: dict[str, tuple[NewRefund, Order | None, bool, str]] = {}
        self.changed: dict[int, Order] = {}

    def take(self, refund: NewRefund) -> None:
        order = self.books.orders.get(refund.order_number)
        customer_id = refund.customer_id if refund.customer_id is not None else (order.customer_id if order else None)
        currency = refund.currency.upper()
        facts = (customer_id, refund.refunded_at, refund.amount_minor, currency)
        if refund.number in self.known:
            if self.known[refund.number] == facts:
                self.result.known.append(refund.number)
            else:
                self.result.refused[refund.number] = OTHER_CONTENTS
            return
        if problem := self._problem(refund, order, customer_id, currency):
            self.result.refused[refund.number] = problem
            return
        if order is not None and order.state == OrderState.CANCELLED:
            self.result.known.append(refund.number)
            return
        self.known[refund.number] = facts
        if order is not None:
            self.of_order(refund, order, reason="")
        else:
            self._loose(refund, int(customer_id or 0), currency)

    def _problem(self, refund: NewRefund, order: Order | None, customer_id: int | None, currency: str) -> str:
        if not refund.number.strip() or len(refund.number) > 80:
            return "The number of a refund has 1 to 80 characters."
        if not 0 < refund.amount_minor <= LIMIT:
            return "The amount is not above 0; write what was given back, without a sign."
        if refund.order_number and order is None:
            return f"held: there is no order {refund.order_number[:80]} here yet."
        if order is None:
            return self._loose_problem(customer_id, currency, local_day(refund.refunded_at, self.account.timezone))
        if customer_id != order.customer_id:
            return f"Order {order.number} is of another customer. Correct the order number or the customer."
        charged = order.charged_currency or order.currency
        if currency != charged:
            return f"Order {order.number} was charged in {charged}; its refunds are in {charged} too."
        left = self.books.paid(order) - (0 if order.state == OrderState.CANCELLED else self.books.given[order.pk])
        if refund.amount_minor > left:
            return f"It is more than is left of order {order.number}: a refund gives back at most what was paid."
        return ""

    def _loose_problem(self, customer_id: int | None, currency: str, day: date) -> str:
        if customer_id is None:
            return "It names neither an order nor a customer. Give one of them."
        if customer_id not in self.customers:
            return "There is no such customer here. Take in the customer first."
        if not CURRENCY.fullmatch(currency):
            return f"{currency[:10]!r} is not a currency. Write its three letters, such as EUR."
        if currency != self.account.currency and convert.rate_on(self.rates, currency, day) is None:
            return rates.missing(currency, day)
        return ""

    def of_order(self, refund: NewRefund, order: Order, *, reason: str) -> None:
        was_paid = order.state == OrderState.PAID
        amount = self.books.give(order, refund.amount_minor, self.account.currency)
        in_full = was_paid and self.books.given[order.pk] >= self.books.paid(order)
        if reason:
            order.state = OrderState.CANCELLED
        elif in_full:
            order.state = OrderState.REFUNDED
        self.changed[order.pk] = order
        charged = (None, "", None) if order.rate is None else (refund.amount_minor, order.charged_currency, order.rate)
        self._add(refund, order.customer_id, order, amount, charged, in_full, reason)

    def _loose(self, refund: NewRefund, customer_id: int, currency: str) -> None:
        home = self.account.currency
        charged: tuple[Any, ...] = (None, "", None)
        amount = refund.amount_minor
        if currency != home:
            rate = convert.rate_on(self.rates, currency, local_day(refund.refunded_at, self.account.timezone))
            assert rate is not None, "a refund without a rate is refused before"
            amount, charged = convert.converted(amount, currency, home, rate), (amount, currency, rate)
        self._add(refund, customer_id, None, amount, charged, False, "")

    def _add(
        self, refund: NewRefund, customer_id: int, order: Order | None, amount: int, charged: tuple[Any, ...],
        in_full: bool, reason: str,
    ) -> None:  # fmt: skip
        self.rows[refund.number] = (
            customer_id, order.pk if order else None, refund.number, refund.refunded_at,
            local_day(refund.refunded_at, self.account.timezone), amount, self.account.currency, *charged,
        )  # fmt: skip
        self.about[refund.number] = (refund, order, in_full, reason)

    def save(self, at: datetime) -> None:
        if not self.rows:
            return
        rows = [self.rows[number] for number in sorted(self.rows)]
        created = {
            number: pk for pk, number in sql.insert_returning(Refund, REFUND_COLUMNS, rows, returning=["id", "number"])
        }
        self._lost(set(self.rows) - set(created))
        changed = [(order.pk, order.refunded_minor, str(order.state)) for order in self.changed.values()]
        sql.update_many(Order, "id", ["refunded_minor", "state"], changed)
        record_many([self._event(number, pk) for number, pk in created.items()], at=at)
        self.result.created.extend(number for number in self.rows if number in created)

    def _lost(self, numbers: set[str]) -> None:
        """Somebody else took the same number meanwhile; only refunds without an order are not held up by its lock."""
        for number in numbers:
            order = self.about[number][1]
            if order is not None:
                raise RefundTakenMeanwhile(number)
            self.result.known.append(number)

    def _event(self, number: str, pk: int) -> NewEvent:
        refund, order, in_full, reason = self.about[number]
        row = self.rows[number]
        properties: dict[str, Any] = {"refund_id": pk, "number": number, "in_full": in_full}
        if order is not None:
            properties["order_id"] = order.pk
        if reason:
            properties["reason"] = reason
        return NewEvent(
            row[0], events.ORDER_REFUNDED, refund.refunded_at, event_key("customers", "refund", pk),
            refund.source[:40] or SOURCE, properties, row[5], row[6],
        )  # fmt: skip


class RefundTakenMeanwhile(Exception):
    """The same refund number was taken for another order in the same moment; trying again gives the reason."""


def known_refunds(numbers: list[str]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    names = ("number", "customer_id", "refunded_at", "amount_minor", "currency", "charged_minor", "charged_currency")
    for start in range(0, len(numbers), CHUNK):
        rows = Refund.objects.filter(number__in=numbers[start : start + CHUNK])
        for number, customer_id, moment, amount, currency, charged, charged_currency in rows.values_list(*names):
            given = (amount, currency) if charged is None else (charged, charged_currency)
            found[number] = (customer_id, moment, *given)
    return found
