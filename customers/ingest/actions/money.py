"""Events that mean money: orders, refunds, cancellations and subscriptions, handed to the commerce part in sets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from customers.commerce.actions import orders, subscriptions
from customers.commerce.actions.orders import NewLine, NewOrder, NewRefund
from customers.commerce.actions.subscriptions import SubscriptionState
from customers.enums import SubscriptionStatus
from customers.ingest.rules import commerce
from customers.ingest.rules.commerce import BadCommerce, Cancellation, Meaning, Order, Refund, pays, to_minor
from customers.models import Order as OrderRow
from customers.models import Subscription as SubscriptionRow
from customers.queries import brand

if TYPE_CHECKING:
    from customers.ingest.actions.sets import Message

HELD = "held:"
NO_KEY = UUID(int=0)
Problem = tuple["Message", str, str, bool]


def take(found: Sequence[tuple[int, "Message"]], *, source: str, at: datetime) -> list[Problem]:
    """Take (customer, message) pairs; returns message, field, reason and whether it is held, for what was not taken.

    Messages of one kind that follow each other go in together, so an order stands before its refund, and a number comes
    once in each run, so that every answer belongs to one message.
    """
    problems: list[Problem] = []
    run: list[tuple[int, Message, Meaning]] = []
    named: set[str] = set()
    for customer_id, message in found:
        try:
            meaning = commerce.check(message.data["event"], message.data.get("properties") or {})
        except BadCommerce as problem:
            problems.append((message, problem.field, problem.reason, False))
            continue
        number = _number(meaning, message)
        if run and (type(run[0][2]) is not type(meaning) or number in named):
            problems += _take(run, source, at)
            run, named = [], set()
        run.append((customer_id, message, meaning))
        named.add(number)
    return problems + (_take(run, source, at) if run else [])


def _number(meaning: Meaning, message: "Message") -> str:
    """By which number the commerce part knows it; a refund without one has that of its message."""
    if isinstance(meaning, Order):
        return meaning.number
    if isinstance(meaning, Refund):
        return meaning.number or f"{meaning.order_number[:40]}-{message.key.hex}"
    return meaning.order_number if isinstance(meaning, Cancellation) else meaning.reference


def _take(run: Sequence[tuple[int, "Message", Any]], source: str, at: datetime) -> list[Problem]:
    account = brand.current().currency
    refused: dict[str, str]
    if isinstance(run[0][2], Order):
        by_number = {meaning.number: message for _, message, meaning in run}
        refused = orders.place_many([_order(*item, account, source) for item in run], at=at).refused
        return _problems(by_number, refused, "properties.order_id")
    if isinstance(run[0][2], Refund):
        return _refund(run, account, source, at)
    if isinstance(run[0][2], Cancellation):
        by_number = {meaning.order_number: message for _, message, meaning in run}
        moments = {meaning.order_number: message.occurred_at for _, message, meaning in run}
        refused = orders.cancel_many(moments, source=source, at=at).refused
        return _problems(by_number, refused, "properties.order_id")
    return _subscribe(run, account, source, at)


def _problems(by_number: "dict[str, Message]", refused: dict[str, str], field: str) -> list[Problem]:
    return [
        (by_number[number], field, _sentence(reason.removeprefix(HELD).strip()), reason.startswith(HELD))
        for number, reason in refused.items()
        if number in by_number
    ]


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


def _order(customer_id: int, message: "Message", order: Order, account: str, source: str) -> NewOrder:
    currency = order.currency or account
    lines = tuple(
        NewLine(line.sku, line.quantity, to_minor(line.price, currency), line.name, line.category) for line in order.lines
    )
    return NewOrder(
        customer_id, order.number, message.occurred_at, currency, to_minor(order.total, currency), lines,
        to_minor(order.discount, currency), source,
    )  # fmt: skip


def _refund(run: Sequence[tuple[int, "Message", Refund]], account: str, source: str, at: datetime) -> list[Problem]:
    """Refunds with their amount, or of what is left of the order, one after the other where the rest is asked for."""
    problems: list[Problem] = []
    ready: list[NewRefund] = []
    by_number: dict[str, Message] = {}
    numbers = sorted({refund.order_number for _, _, refund in run})
    rows = {row.number: row for row in OrderRow.objects.filter(number__in=numbers)}
    given: dict[str, int] = {}
    for customer_id, message, refund in run:
        row = rows.get(refund.order_number)
        currency = refund.currency or ((row.charged_currency or row.currency) if row else account)
        number = _number(refund, message)
        by_number[number] = message
        if refund.amount is not None:
            amount = to_minor(refund.amount, currency)
        elif row is None:
            problems.append((message, "properties.order_id", "The order is not here yet.", True))
            continue
        else:
            amount = _left(row) - given.get(row.number, 0)
            currency = row.charged_currency or row.currency
            if amount <= 0:
                continue  # it was given back before, or in this set: nothing is left of it
        given[refund.order_number] = given.get(refund.order_number, 0) + amount
        owner = None if row else customer_id
        ready.append(NewRefund(number, message.occurred_at, amount, currency, owner, refund.order_number, source))
    return problems + _problems(by_number, orders.refund_many(ready, at=at).refused, "properties.order_id")


def _left(row: OrderRow) -> int:
    """What was not given back yet, in the currency that was charged."""
    if row.charged_minor is None:
        return row.total_minor - row.refunded_minor
    given = row.refunds.values_list("charged_minor", flat=True)
    return row.charged_minor - sum(amount or 0 for amount in given)


def _subscribe(
    run: Sequence[tuple[int, "Message", commerce.Subscription]], account: str, source: str, at: datetime
) -> list[Problem]:
    """Whole states: what a message leaves open stays as the subscription stands."""
    problems: list[Problem] = []
    references = sorted({told.reference for _, _, told in run})
    standing = {row.reference: _standing(row) for row in SubscriptionRow.objects.filter(reference__in=references)}
    ready: list[SubscriptionState] = []
    by_reference: dict[str, Message] = {}
    for customer_id, message, told in run:
        before = standing.get(told.reference)
        if before is None and (told.status == "" or (told.mrr is None and pays(told.status))):
            problems.append((message, "properties.subscription_id", "The subscription is not here yet.", True))
            continue
        state = _state(customer_id, message, told, before, account, source)
        if pays(state.status) and told.mrr is None and not state.mrr_minor:
            problems.append((message, "properties.amount", "Send amount or mrr: no price is known.", False))
            continue
        by_reference[told.reference] = message
        ready.append(state)
    refused = subscriptions.record_states(ready, at=at).refused
    return problems + _problems(by_reference, refused, "properties.subscription_id")


def _standing(row: SubscriptionRow) -> "SubscriptionState":
    return SubscriptionState(
        row.customer_id, row.reference, row.status, row.mrr_minor, row.currency, row.changed_at, NO_KEY, plan=row.plan,
        quantity=row.quantity, interval_months=row.interval_months, started_at=row.started_at, renews_on=row.renews_on,
        cancel_at=row.cancel_at,
    )  # fmt: skip


def _state(
    customer_id: int, message: "Message", told: commerce.Subscription, before: SubscriptionState | None, account: str,
    source: str,
) -> SubscriptionState:  # fmt: skip
    if before is None:
        before = SubscriptionState(
            customer_id, told.reference, "", 0, told.currency or account, message.occurred_at, NO_KEY
        )
    currency = (told.currency or account) if told.mrr is not None else before.currency
    status = told.status or before.status
    is_over = status == SubscriptionStatus.ENDED
    return replace(
        before,
        customer_id=customer_id,
        status=status,
        mrr_minor=before.mrr_minor if told.mrr is None else to_minor(told.mrr, currency),
        currency=currency,
        changed_at=message.occurred_at,
        key=message.key,
        plan=told.plan or before.plan,
        quantity=told.quantity or before.quantity,
        interval_months=told.interval_months or before.interval_months,
        started_at=told.started_at or before.started_at,
        renews_on=told.renews_at.date() if told.renews_at else before.renews_on,
        cancel_at=None if told.is_resumed or is_over else told.cancel_at or before.cancel_at,
        is_renewal=told.is_renewal,
        reason=told.reason,
        source=source,
    )
