"""What goes into orders and refunds, and what comes out: plain values that every source fills."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from customers.models import Customer

CHUNK = 5000
LIMIT = 10**15
CURRENCY = re.compile(r"[A-Z]{3}")
SOURCE = "commerce"
OTHER_CONTENTS = "is already here with other contents, and what was taken is never changed. Give it another number."


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of an order; `unit_minor` is the price of one piece in the currency of the order."""

    sku: str
    quantity: int
    unit_minor: int
    name: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it was placed; amounts in `currency`, which may be another one than the account's."""

    customer_id: int
    number: str
    placed_at: datetime
    currency: str
    total_minor: int
    lines: tuple[NewLine, ...] = ()
    discount_minor: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class NewRefund:
    """Money given back; of an order, or of a customer when nobody knows which order it was."""

    number: str
    refunded_at: datetime
    amount_minor: int
    currency: str
    customer_id: int | None = None
    order_number: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a batch, by number. A reason that starts with "held:" goes away later: try the same again."""

    created: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def existing(ids: Iterable[int | None]) -> set[int]:
    """Those of these customers who are here."""
    wanted = sorted({i for i in ids if i is not None})
    return set(Customer.objects.filter(id__among=wanted).values_list("id", flat=True)) if wanted else set()
