"""Events of Segment's e-commerce specification that mean money, and our own small one for subscriptions.

Amounts come as decimals in major units ("12.50", 12.5) and become minor units exactly, rounded half up where a client's
arithmetic left more places than the currency has.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from config.kit.money import exponent
from customers.enums import SubscriptionStatus
from customers.ingest.rules import clock

ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED = "Order Completed", "Order Refunded", "Order Cancelled"
SUBSCRIPTION_STARTED, SUBSCRIPTION_UPDATED = "Subscription Started", "Subscription Updated"
SUBSCRIPTION_CANCELLED = "Subscription Cancelled"
ORDERS = frozenset({ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED})
SUBSCRIPTIONS = frozenset({SUBSCRIPTION_STARTED, SUBSCRIPTION_UPDATED, SUBSCRIPTION_CANCELLED})
NAMES = ORDERS | SUBSCRIPTIONS
LARGEST = Decimal(10) ** 12
MAX_LINES = 500
MAX_NUMBER, MAX_REFERENCE = 80, 120
CURRENCY = re.compile(r"[A-Z]{3}")
INTERVALS = {"month": 1, "monthly": 1, "quarter": 3, "quarterly": 3, "year": 12, "yearly": 12, "annual": 12}


class BadCommerce(ValueError):
    """The event cannot become an order, a refund or a subscription: the field and what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = f"properties.{field}", reason


@dataclass(frozen=True, slots=True)
class Line:
    """One product of an order; `price` is that of one piece, in major units."""

    sku: str
    name: str
    category: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """An order in major units; an empty currency is the account's."""

    number: str
    currency: str
    total: Decimal
    discount: Decimal
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of an order; no `number`: made from the message; no `amount`: what is left of the order."""

    order_number: str
    number: str
    currency: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    order_number: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """The state of a subscription from now on; what is None or empty stays as it stands.

    `mrr` is the price of a month, all pieces, in major units. `is_resumed`: `cancel_at` was sent as null, so that a
    scheduled end is taken back.
    """

    reference: str
    status: str
    plan: str
    currency: str
    mrr: Decimal | None
    quantity: int | None
    interval_months: int | None
    started_at: datetime | None
    renews_at: datetime | None
    cancel_at: datetime | None
    is_renewal: bool
    is_resumed: bool
    reason: str


Meaning = Order | Refund | Cancellation | Subscription


def check(name: str, properties: Mapping[str, Any]) -> Meaning:
    """What the event means. Raises `BadCommerce`."""
    if name in SUBSCRIPTIONS:
        return _subscription(name, properties)
    number = _name(properties, "order_id", MAX_NUMBER, required=True)
    if name == ORDER_COMPLETED:
        return _order(number, properties)
    if name == ORDER_REFUNDED:
        return _refund(number, properties)
    return Cancellation(number)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount in major units, rounded half up."""
    return int(amount.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))


def _order(number: str, properties: Mapping[str, Any]) -> Order:
    lines = _lines(properties.get("products"))
    discount = _amount(properties, "discount") or Decimal(0)
    return Order(number, _currency(properties), _total(properties, lines, discount), discount, lines)


def _total(properties: Mapping[str, Any], lines: Sequence[Line], discount: Decimal) -> Decimal:
    """What was paid: `total`; else `revenue` or `subtotal` (after discounts) with shipping and tax; else the lines."""
    total = _amount(properties, "total")
    if total is not None:
        return total
    beside = (_amount(properties, "shipping") or Decimal(0)) + (_amount(properties, "tax") or Decimal(0))
    for field in ("revenue", "subtotal"):
        net = _amount(properties, field)
        if net is not None:
            return net + beside
    value = _amount(properties, "value")
    if value is not None:
        return value
    if not lines:
        raise BadCommerce("total", "Send total, revenue or products.")
    return max(sum((line.price * line.quantity for line in lines), Decimal(0)) - discount, Decimal(0)) + beside


def _refund(number: str, properties: Mapping[str, Any]) -> Refund:
    amount = None
    for field in ("total", "amount", "revenue", "value"):
        if amount is None:
            amount = _amount(properties, field)
    if amount is None and properties.get("products"):
        lines = _lines(properties["products"])
        amount = sum((line.price * line.quantity for line in lines), Decimal(0))
    if amount is not None and amount <= 0:
        raise BadCommerce("total", "A refund is above 0.")
    return Refund(number, _name(properties, "refund_id", MAX_NUMBER), _currency(properties), amount)


def _subscription(name: str, properties: Mapping[str, Any]) -> Subscription:
    reference = _name(properties, "subscription_id", MAX_REFERENCE, required=True)
    months = _months(properties)
    mrr = _amount(properties, "mrr")
    price = _amount(properties, "amount")
    if mrr is None and price is not None:
        mrr = price / (months or 1)
    cancel_at = _moment(properties, "cancel_at")
    status = _status(name, properties, is_scheduled=cancel_at is not None)
    if pays(status) and mrr is None and name == SUBSCRIPTION_STARTED:
        raise BadCommerce("amount", "Send amount (the price of a term) or mrr (the price of a month).")
    return Subscription(
        reference, status, _name(properties, "plan", MAX_NUMBER), _currency(properties), mrr,
        None if properties.get("quantity") is None else _whole(properties["quantity"], "quantity"), months,
        _moment(properties, "started_at"), _moment(properties, "renews_at"), cancel_at,
        properties.get("is_renewal") is True, "cancel_at" in properties and cancel_at is None,
        _name(properties, "reason", 40),
    )  # fmt: skip


def pays(status: str) -> bool:
    """Whether a subscription of this status brings in money."""
    return status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


def _status(name: str, properties: Mapping[str, Any], *, is_scheduled: bool) -> str:
    """The status told; otherwise active, ended when cancelled, and as it stands ("") when the end lies ahead."""
    told = properties.get("status")
    if told is None or told == "":
        if name == SUBSCRIPTION_CANCELLED:
            return "" if is_scheduled else SubscriptionStatus.ENDED.value
        return SubscriptionStatus.ACTIVE.value if name == SUBSCRIPTION_STARTED else ""
    if type(told) is not str or told not in SubscriptionStatus.values:
        raise BadCommerce("status", f"Write one of {', '.join(SubscriptionStatus.values)}.")
    return told


def _months(properties: Mapping[str, Any]) -> int | None:
    told = properties.get("interval_months")
    if told is None:
        name = properties.get("interval")
        if name is None or name == "":
            return None
        if type(name) is not str or name.lower() not in INTERVALS:
            raise BadCommerce("interval", "Write month, quarter or year, or send interval_months.")
        return INTERVALS[name.lower()]
    if type(told) is not int or not 1 <= told <= 120:
        raise BadCommerce("interval_months", "Write a whole number of months from 1 to 120.")
    return told


def _lines(products: Any) -> tuple[Line, ...]:
    if products is None:
        return ()
    if type(products) is not list or len(products) > MAX_LINES:
        raise BadCommerce("products", f"Must be a list of at most {MAX_LINES} products.")
    return tuple(_line(item, position) for position, item in enumerate(products))


def _line(item: Any, position: int) -> Line:
    place = f"products[{position}]"
    if type(item) is not dict:
        raise BadCommerce(place, "Must be a JSON object.")
    sku = ""
    for field in ("sku", "product_id", "name"):
        sku = sku or _name(item, field, MAX_NUMBER if field != "name" else 200, place=place)[:MAX_NUMBER]
    if not sku:
        raise BadCommerce(f"{place}.sku", "Send sku or product_id.")
    price = _amount(item, "price", place=place)
    if price is None:
        raise BadCommerce(f"{place}.price", "Send the price of one piece.")
    return Line(
        sku, _name(item, "name", 200, place=place), _name(item, "category", 120, place=place),
        _whole(item.get("quantity"), f"{place}.quantity"), price,
    )  # fmt: skip


def _name(source: Mapping[str, Any], field: str, limit: int, *, required: bool = False, place: str = "") -> str:
    value = source.get(field)
    where = f"{place}.{field}" if place else field
    if type(value) is int or (type(value) is float and value.is_integer()):
        value = str(int(value))
    if value is not None and type(value) is not str:
        raise BadCommerce(where, "Must be a text.")
    text = (value or "").strip()
    if len(text) > limit:
        raise BadCommerce(where, f"Has more than {limit} characters.")
    if required and not text:
        raise BadCommerce(where, f"Send {field}.")
    return text


def _amount(source: Mapping[str, Any], field: str, *, place: str = "") -> Decimal | None:
    """A decimal of at least 0; a JSON number counts as it was written (12.1 is 12.1, not its binary neighbour)."""
    value = source.get(field)
    where = f"{place}.{field}" if place else field
    if value is None or value == "":
        return None
    if type(value) not in (int, float, str) or (type(value) is str and len(value) > 40):
        raise BadCommerce(where, "Must be an amount such as 12.50.")
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise BadCommerce(where, "Must be an amount such as 12.50.") from None
    if not found.is_finite() or not 0 <= found < LARGEST:
        raise BadCommerce(where, "Must lie between 0 and 1,000,000,000,000.")
    return found


def _whole(value: Any, where: str) -> int:
    if value is None or value == "":
        return 1
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if type(value) is not int or not 1 <= value <= 1_000_000_000:
        raise BadCommerce(where, "Must be a whole number above 0.")
    return value


def _currency(properties: Mapping[str, Any]) -> str:
    value = properties.get("currency")
    if value is None or value == "":
        return ""
    if type(value) is not str or not CURRENCY.fullmatch(value.strip().upper()):
        raise BadCommerce("currency", "Write the three letters of the currency, such as EUR.")
    return value.strip().upper()


def _moment(properties: Mapping[str, Any], field: str) -> datetime | None:
    try:
        found = clock.parse(properties.get(field))
    except clock.BadTime:
        raise BadCommerce(field, "Write a moment like 2026-03-16T09:30:00Z.") from None
    if found is not None and not 1971 <= found.year < 2200:
        raise BadCommerce(field, "Must lie in the years 1971 to 2199.")
    return found
