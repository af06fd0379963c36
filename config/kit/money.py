"""Money as integer minor units beside an ISO 4217 code; `Money` is the value at the edges."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Currencies whose minor unit is not a hundredth (ISO 4217, table A.1).
EXPONENTS = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"], 0),
    **dict.fromkeys(["XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "CHF": "CHF ", "PLN": "zł "}
NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,6})?")


class NotAnAmount(ValueError):
    """The text is not a plain decimal number."""


def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency.upper(), 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    minor: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        places = exponent(self.currency)
        sign = "-" if self.minor < 0 else ""
        symbol = SYMBOLS.get(self.currency.upper(), f"{self.currency.upper()} ")
        return f"{sign}{symbol}{abs(self.decimal):,.{places}f}"


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a decimal text ("12.5" EUR is 1250), rounded half up; comma or point as decimal sign.

    Raises `NotAnAmount` for anything but a plain number: thousands separators are ambiguous and are refused.
    """
    text = text.strip()
    if not NUMBER.fullmatch(text):
        raise NotAnAmount(f"{text[:40]!r} is not an amount; write it like 1234.50")
    try:
        value = Decimal(text.replace(",", ".")).scaleb(exponent(currency))
    except InvalidOperation as error:
        raise NotAnAmount(text[:40]) from error
    return int(value.to_integral_value(rounding=ROUND_HALF_UP))
