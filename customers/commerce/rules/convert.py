"""Amounts of another currency in the account's: rounded half up, each currency with its own minor unit."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from config.kit.money import exponent

Rates = Mapping[str, Sequence[tuple[date, Decimal]]]


def converted(amount_minor: int, currency: str, account: str, rate: Decimal) -> int:
    """Minor units of the account's currency for minor units of another.

    `rate` is what one unit (one dollar, one yen, one dinar) is worth in units of the account's currency.
    """
    with localcontext(prec=50):
        value = Decimal(amount_minor) * rate
        return int(value.scaleb(exponent(account) - exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))


def rate_on(rates: Rates, currency: str, day: date) -> Decimal | None:
    """The newest rate on or before a day; `rates` holds them by currency, oldest first."""
    known = rates.get(currency, ())
    place = bisect_right(known, day, key=lambda item: item[0])
    return known[place - 1][1] if place else None
