"""Exchange rates: what an amount was worth in the account's currency on a day."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Max

from customers.commerce.rules import convert
from customers.commerce.rules.convert import Rates
from customers.models import ExchangeRate
from customers.queries import brand


def to_account(amount_minor: int, currency: str, on: date) -> tuple[int, Decimal] | None:
    """An amount in the account's currency and the rate it was taken at; None when there is no rate yet on that day."""
    account = brand.current().currency
    if currency.upper() == account:
        return amount_minor, Decimal(1)
    rate = convert.rate_on(of_days([(currency.upper(), on)]), currency.upper(), on)
    return None if rate is None else (convert.converted(amount_minor, currency, account, rate), rate)


def of_days(wanted: Iterable[tuple[str, date]]) -> Rates:
    """Rates for (currency, day) pairs, oldest first by currency, in two queries; read them with `convert.rate_on`."""
    pairs = set(wanted)
    if not pairs:
        return {}
    currencies = sorted({currency for currency, _ in pairs})
    first, last = min(day for _, day in pairs), max(day for _, day in pairs)
    rows = ExchangeRate.objects.filter(currency__in=currencies)
    before = rows.filter(on__lte=first).values("currency").annotate(latest=Max("on"))
    since = min([first, *(row["latest"] for row in before)])
    found: dict[str, list[tuple[date, Decimal]]] = {}
    for currency, on, rate in rows.filter(on__range=(since, last)).order_by("on").values_list("currency", "on", "rate"):
        found.setdefault(currency, []).append((on, rate))
    return found


def missing(currency: str, day: date) -> str:
    """The reason why an amount is held, in words."""
    return f"held: there is no exchange rate for {currency} on {day.isoformat()}. Enter it in Settings → Exchange rates."
