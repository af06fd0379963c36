"""Exchange rates: entered one by one or from a file. What was converted before is never converted again."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction

from customers.models import ExchangeRate


def save(rates: Sequence[tuple[str, date, Decimal]]) -> int:
    """Enter rates by currency and day; a known pair gets the new rate. Returns how many."""
    wanted = {(currency, on): rate for currency, on, rate in rates}
    rows = [ExchangeRate(currency=currency, on=on, rate=rate) for (currency, on), rate in sorted(wanted.items())]
    with transaction.atomic():
        ExchangeRate.objects.bulk_create(
            rows, batch_size=2000, update_conflicts=True, unique_fields=["currency", "on"], update_fields=["rate"]
        )
    return len(rows)
