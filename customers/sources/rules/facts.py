"""What a webhook says, in the words of this product; `actions.take_in` writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Unusable(ValueError):
    """The payload lacks something that cannot be guessed; the message says what."""


@dataclass(frozen=True, slots=True)
class Missing(Exception):
    """Something else has to come first; `waits_for` names it."""

    waits_for: str
    reason: str


@dataclass(frozen=True, slots=True)
class Person:
    """What the source knows of a customer at `version`. Without a `source_id` it is a guest, known by the address.

    `values` are fields of `Customer`, cleaned; an empty text takes the value away. What is not named stays.
    """

    source_id: str
    version: datetime
    email: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    quantity: int
    unit_minor: int
    name: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """`has_tax_inside`: prices of the source hold the tax, so that its refunds do too; totals here never do."""

    number: str
    person: Person
    placed_at: datetime
    currency: str
    total_minor: int
    discount_minor: int = 0
    lines: tuple[Line, ...] = ()
    has_tax_inside: bool = False


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """`tax_minor` is the tax in it: taken off when the prices of the order hold the tax. No currency: the order's."""

    number: str
    order_number: str
    refunded_at: datetime
    amount_minor: int
    tax_minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled:
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Contract:
    """The state of a subscription from `changed_at` on. `term` is the start of the term that this change began, if it did.

    `mrr_minor` is what it is worth a month while it is paid; status says whether it is.
    """

    reference: str
    source_id: str
    status: str
    mrr_minor: int
    currency: str
    changed_at: datetime
    key: str
    plan: str = ""
    quantity: int = 1
    interval_months: int = 1
    started_at: datetime | None = None
    renews_at: datetime | None = None
    cancel_at: datetime | None = None
    reason: str = ""
    term: int = 0


@dataclass(frozen=True, slots=True)
class TermPaid:
    """A further term of a subscription was paid: the term that began at `term` (Unix time) is a renewal."""

    reference: str
    term: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a person wants marketing by one channel, as answered at `answered_at`."""

    person: Person
    channel: str
    is_granted: bool
    answered_at: datetime
    wording: str


@dataclass(frozen=True, slots=True)
class Coupon:
    """What a discount takes off, by its id."""

    discount_id: str
    version: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a data subject that the source passes on: "export" or "erasure"."""

    kind: str
    source_id: str
    email: str


Fact = Person | PaidOrder | MoneyBack | Cancelled | Contract | TermPaid | Answer | Coupon | Asked


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one webhook says. `nothing` is the reason why there is nothing to do; `notes` say what was left out.

    `staff`: only people can decide; the text says what.
    """

    facts: tuple[Fact, ...] = ()
    subject: str = ""
    nothing: str = ""
    notes: tuple[str, ...] = ()
    staff: str = ""
