"""The reading of a row into what it means: products, lines of orders, refunds, events, subscriptions, answers, points."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from customers.enums import Channel, ConsentState, SubscriptionStatus
from customers.imports.rules import values
from customers.imports.rules.taking import BadCell, Row, Taking, cell_of, line_of_text, required
from customers.imports.rules.values import BadValue

T = TypeVar("T")
PRODUCT_VALUES = {"sku": line_of_text(80), "name": line_of_text(200), "category": line_of_text(120)}
MOST_PROPERTIES = 32_000
PAID = {"", "paid", "partially refunded", "partially_refunded", "refunded", "complete", "completed", "succeeded"}


def cell(row: Row, taking: Taking, key: str, parse: Callable[[str], T]) -> T | None:
    """The value of a cell, None when it is empty. Raises `BadCell`."""
    text = cell_of(row, taking, key)
    if not text:
        return None
    try:
        return parse(text)
    except (BadValue, OverflowError) as error:
        raise BadCell(key, str(error)) from None


def must(row: Row, taking: Taking, key: str, parse: Callable[[str], T]) -> T:
    """The value of a cell that has to be filled. Raises `BadCell`."""
    required(row, taking, key)
    found = cell(row, taking, key, parse)
    assert found is not None
    return found


def moment(taking: Taking) -> Callable[[str], datetime]:
    """What reads times of this file."""
    return lambda text: values.moment(text, taking.zone, taking.shift)


@dataclass(frozen=True, slots=True)
class Who:
    """How a row names its customer."""

    customer_id: str
    email: str

    @property
    def key(self) -> str:
        """The column to name when the customer is unknown."""
        return "customer_id" if self.customer_id else "email"


def who(row: Row, taking: Taking, *, may_be_empty: bool = False) -> Who:
    """The customer a row is about. Raises `BadCell` when it names none."""
    customer_id = cell_of(row, taking, "customer_id")
    email = "" if customer_id else cell(row, taking, "email", values.email) or ""
    if not customer_id and not email and not may_be_empty:
        key = "customer_id" if "customer_id" in taking.positions else "email"
        raise BadCell(key, "The cell is empty. Fill it in.")
    return Who(customer_id, email)


def currency_of(row: Row, taking: Taking) -> str:
    """The currency of a row, that of the account when the cell is empty. Raises `BadCell`."""
    return cell(row, taking, "currency", values.currency) or taking.currency


def product(row: Row, taking: Taking) -> dict[str, str]:
    """Values of one product, filled cells only. Raises `BadCell`."""
    required(row, taking, "sku")
    found = {}
    for key, parse in PRODUCT_VALUES.items():
        value = cell(row, taking, key, parse)
        if value is not None:
            found[key] = value
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order. `amount_minor` is quantity x price less discount, rounded half up to minor units."""

    sku: str
    name: str
    category: str
    quantity: int
    unit_minor: int
    discount_minor: int
    amount_minor: int


def order_line(row: Row, taking: Taking, currency: str) -> Line:
    """One row of an orders file. Raises `BadCell`."""
    name = cell(row, taking, "product_name", PRODUCT_VALUES["name"]) or ""
    sku = cell(row, taking, "sku", PRODUCT_VALUES["sku"]) or name[:80]
    if not sku:
        required(row, taking, "sku")
    quantity = must(row, taking, "quantity", values.quantity)
    price = must(row, taking, "unit_price", values.amount)
    discount = cell(row, taking, "discount", values.amount) or Decimal(0)
    amount = values.minor(quantity * price - discount, currency)
    if amount < 0:
        raise BadCell("discount", "is more than the line costs; a discount takes off at most the whole price")
    if amount > 10**15:
        raise BadCell("unit_price", "makes a line of an impossible amount; check quantity and price")
    category = cell(row, taking, "category", PRODUCT_VALUES["category"]) or ""
    return Line(sku, name, category, quantity, values.minor(price, currency), values.minor(discount, currency), amount)


@dataclass(frozen=True, slots=True)
class Head:
    """What all lines of an order share; total and discount are None when the file does not say them."""

    number: str
    who: Who
    placed_at: datetime
    currency: str
    total_minor: int | None
    discount_minor: int | None


def order_head(row: Row, taking: Taking) -> Head:
    """The first row of an order. Raises `BadCell`."""
    number = must(row, taking, "order_number", line_of_text(80))
    if cell_of(row, taking, "payment_state").casefold() not in PAID:
        raise BadCell("payment_state", "is not paid. Only paid orders are taken; import it again when it is.")
    currency = currency_of(row, taking)
    total, discount = (cell(row, taking, key, values.amount) for key in ("total", "order_discount"))
    return Head(
        number,
        who(row, taking),
        must(row, taking, "placed_at", moment(taking)),
        currency,
        None if total is None else values.minor(total, currency),
        None if discount is None else values.minor(discount, currency),
    )


@dataclass(frozen=True, slots=True)
class RefundValues:
    """One row of a refunds file; it may name its order alone."""

    number: str
    who: Who
    refunded_at: datetime
    amount_minor: int
    currency: str
    order_number: str


def refund(row: Row, taking: Taking) -> RefundValues:
    """One row of a refunds file. Raises `BadCell`."""
    currency = currency_of(row, taking)
    number = must(row, taking, "refund_number", line_of_text(80))
    refunded_at = must(row, taking, "refunded_at", moment(taking))
    amount = values.minor(must(row, taking, "amount", values.amount), currency)
    if not amount:
        raise BadCell("amount", "is not above 0; write what was given back, without a sign")
    order_number = cell_of(row, taking, "order_number")
    person = who(row, taking, may_be_empty=bool(order_number))
    return RefundValues(number, person, refunded_at, amount, currency, order_number)


@dataclass(frozen=True, slots=True)
class EventValues:
    """One row of an events file."""

    who: Who
    name: str
    occurred_at: datetime
    properties: dict[str, Any]
    amount_minor: int | None
    currency: str
    message_id: str
    key: UUID | None


def event(row: Row, taking: Taking) -> EventValues:
    """One row of an events file. Raises `BadCell`."""
    name = must(row, taking, "name", line_of_text(80))
    occurred_at = must(row, taking, "occurred_at", moment(taking))
    properties = cell(row, taking, "properties", _json_object) or {}
    for step in taking.steps:
        if step.further and step.parse and (text := cell_of(row, taking, step.key)):
            try:
                properties[step.further] = step.parse(text)
            except BadValue as error:
                raise BadCell(step.key, str(error)) from None
    amount = cell(row, taking, "amount", values.amount)
    currency = currency_of(row, taking)
    return EventValues(
        who(row, taking), name, occurred_at, properties, None if amount is None else values.minor(amount, currency),
        "" if amount is None else currency, cell(row, taking, "message_id", line_of_text(200)) or "",
        cell(row, taking, "event_key", _uuid),
    )  # fmt: skip


def _json_object(text: str) -> dict[str, Any]:
    if len(text) > MOST_PROPERTIES:
        raise BadValue(f"is longer than {MOST_PROPERTIES:,} characters; leave out what you do not need")
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadValue('is not JSON; write an object, such as {"score": 7}') from None
    if not isinstance(found, dict):
        raise BadValue('is not a JSON object; write it like {"score": 7}')
    if "\\u0000" in text:
        raise BadValue("holds a NUL character. Remove it; it cannot be stored.")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadValue("is not a key that Perennial exported; leave the column out") from None


@dataclass(frozen=True, slots=True)
class SubscriptionValues:
    """One row of a subscriptions file. Amounts in `currency`; `changed_at` is None when the row says the whole story."""

    who: Who
    reference: str
    status: str
    plan: str
    quantity: int
    mrr_minor: int
    interval_months: int
    currency: str
    started_at: datetime | None
    renews_on: date | None
    cancel_at: datetime | None
    ended_at: datetime | None
    changed_at: datetime | None
    is_renewal: bool
    reason: str
    key: UUID | None


STATUSES = {value: value for value in SubscriptionStatus.values}
STATUSES |= {str(label).casefold(): value for value, label in SubscriptionStatus.choices}
STATUSES |= {
    "trial": "trialing", "canceled": "ended", "cancelled": "ended", "expired": "ended", "unpaid": "past_due",
    "past due": "past_due", "on hold": "paused",
}  # fmt: skip
INTERVALS = {
    "month": 1, "monthly": 1, "quarter": 3, "quarterly": 3, "half-year": 6, "year": 12, "yearly": 12, "annual": 12,
    "annually": 12,
}  # fmt: skip


def subscription(row: Row, taking: Taking) -> SubscriptionValues:
    """One row of a subscriptions file. Raises `BadCell`."""
    reference = must(row, taking, "reference", line_of_text(120))
    status = must(row, taking, "status", _status)
    currency = currency_of(row, taking)
    quantity = cell(row, taking, "quantity", values.quantity) or 1
    months = cell(row, taking, "interval", _months) or 1
    times = {key: cell(row, taking, key, moment(taking)) for key in ("started_at", "cancel_at", "ended_at", "changed_at")}
    renews_on = cell(row, taking, "renews_on", values.day)
    if not times["changed_at"]:
        _needs_time(status, times)
    return SubscriptionValues(
        who(row, taking), reference, status, cell(row, taking, "plan", line_of_text(80)) or "", quantity,
        _mrr(row, taking, status, quantity, months, currency), months, currency, times["started_at"],
        None if renews_on is None else renews_on + taking.shift, times["cancel_at"], times["ended_at"], times["changed_at"],
        bool(cell(row, taking, "is_renewal", lambda text: values.attribute("boolean", text))),
        cell(row, taking, "reason", line_of_text(40)) or "", cell(row, taking, "change_key", _uuid),
    )  # fmt: skip


def _needs_time(status: str, times: dict[str, datetime | None]) -> None:
    if status == SubscriptionStatus.ENDED and not times["ended_at"]:
        raise BadCell(
            "ended_at", "The subscription has ended. Fill in when it ended, or since when this is true (changed)."
        )
    if status == SubscriptionStatus.PAUSED:
        raise BadCell("changed_at", "The subscription is paused. Fill in since when.")
    if not times["started_at"]:
        raise BadCell("started_at", "The cell is empty. Fill in when it started, or since when this row is true (changed).")


def _status(text: str) -> str:
    found = STATUSES.get(text.casefold())
    if not found:
        raise BadValue("is not a status; write trialing, active, past_due, paused or ended")
    return found


def _months(text: str) -> int:
    found = INTERVALS.get(text.casefold()) or (int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0)
    if not 1 <= found <= 120:
        raise BadValue("is not an interval; write month, quarter, year or a number of months")
    return found


def _mrr(row: Row, taking: Taking, status: str, quantity: int, months: int, currency: str) -> int:
    mrr = cell(row, taking, "mrr", values.amount)
    if mrr is None:
        price = cell(row, taking, "price", values.amount)
        if price is None and status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE):
            key = "price" if "price" in taking.positions else "mrr"
            raise BadCell(key, "The cell is empty. Fill in the price (0 when it costs nothing).")
        mrr = (price or Decimal(0)) * quantity / months
    amount = values.minor(mrr, currency)
    if amount > 10**15:
        raise BadCell("price", "makes an impossible amount; check price and quantity")
    return amount


@dataclass(frozen=True, slots=True)
class ConsentValues:
    """One row of a consents file."""

    who: Who
    topic: str
    channel: str
    state: str
    changed_at: datetime
    source: str
    wording: str


ANSWERS = {
    "granted": ConsentState.GRANTED, "yes": ConsentState.GRANTED, "subscribed": ConsentState.GRANTED,
    "denied": ConsentState.DENIED, "no": ConsentState.DENIED, "unsubscribed": ConsentState.DENIED,
    "withdrawn": ConsentState.DENIED,
}  # fmt: skip
CHANNELS = {value: value for value in Channel.values} | {str(label).casefold(): value for value, label in Channel.choices}


def consent(row: Row, taking: Taking) -> ConsentValues:
    """One row of a consents file. Raises `BadCell`: a yes without proof is none."""
    state = must(row, taking, "state", _answer)
    source = cell(row, taking, "source", line_of_text(60)) or ""
    wording = cell(row, taking, "wording", values.text(2000)) or ""
    if state == ConsentState.GRANTED and not (source and wording):
        key = "wording" if source else "source"
        raise BadCell(key, "Consent needs proof. Fill in where they agreed (source) and to which words (wording).")
    return ConsentValues(
        who(row, taking), required(row, taking, "topic"), cell(row, taking, "channel", _channel) or Channel.EMAIL.value,
        state, must(row, taking, "changed_at", moment(taking)), source, wording,
    )  # fmt: skip


def _answer(text: str) -> str:
    found = ANSWERS.get(text.casefold())
    if not found:
        raise BadValue("is neither granted nor denied; consent is never guessed")
    return found.value


def _channel(text: str) -> str:
    found = CHANNELS.get(text.casefold())
    if not found:
        raise BadValue("is not a channel; write email, sms, push, webhook or inbox")
    return found


@dataclass(frozen=True, slots=True)
class PointsValues:
    """One row of a points file."""

    who: Who
    points: int
    expires_on: date | None
    key: str


def points(row: Row, taking: Taking) -> PointsValues:
    """One row of a points file. Raises `BadCell`."""
    expires_on = cell(row, taking, "expires_on", values.day)
    return PointsValues(
        who(row, taking), must(row, taking, "points", _points),
        None if expires_on is None else expires_on + taking.shift,
        cell(row, taking, "balance_key", line_of_text(60)) or "opening",
    )  # fmt: skip


def _points(text: str) -> int:
    if not values.WHOLE.match(text):
        raise BadValue("is not a balance; write a whole number from 0, without separators")
    return int(text)
