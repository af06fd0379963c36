"""Customers as lists and pages show them."""

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, OrderBy, QuerySet
from django.utils.functional import cached_property

from customers.models import Customer, Order, Refund

COUNT_LIMIT = 10_000
SORTS: dict[str, tuple[str, ...]] = {
    "name": ("last_name", "first_name"),
    "created_at": ("created_at",),
    "order_count": ("facts__order_count",),
    "revenue_minor": ("facts__revenue_minor",),
    "last_order_at": ("facts__last_order_at",),
    "last_seen_at": ("facts__last_seen_at",),
}
DEFAULT_SORT = "-created_at"
EXPORTED = [
    "external_id", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "city", "currency",
    "company",
    "industry", "market", "persona", "plan", "stage", "acquisition_channel", "acquired_on", "born_on", "renews_on",
    "created_at",
    "facts__order_count", "facts__revenue_minor", "facts__last_order_at", "facts__last_seen_at",
]  # fmt: skip


class CappedPaginator(Paginator):
    """Pages over at most 10,000 rows: counting a million rows for each page view would cost more than the page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:COUNT_LIMIT].count())

    @property
    def is_capped(self) -> bool:
        return self.count >= COUNT_LIMIT


def ordered(customers: QuerySet[Customer], sort: str) -> QuerySet[Customer]:
    """Customers by one of `SORTS` ("-name" descending), empty values last, then by id so that pages never overlap."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        sort, name = DEFAULT_SORT, DEFAULT_SORT.removeprefix("-")
    descending = sort.startswith("-")
    is_nullable = SORTS[name][0].startswith("facts__")
    keys = [OrderBy(F(column), descending=descending, nulls_last=is_nullable or None) for column in SORTS[name]]
    return customers.order_by(*keys, "-id" if descending else "id")


def export_rows(customers: QuerySet[Customer]) -> Iterator[list[Any]]:
    """Header and rows of an export; revenue in minor units of the account's currency."""
    yield [name.removeprefix("facts__") for name in EXPORTED]
    for row in customers.values_list(*EXPORTED).iterator(chunk_size=2000):
        yield [value.isoformat() if hasattr(value, "isoformat") else value for value in row]


def orders_of(customer_id: int) -> QuerySet[Order]:
    """Orders of a customer with their lines and products, newest first."""
    return (
        Order.objects.filter(customer_id=customer_id)
        .prefetch_related("lines__product", "refunds")
        .order_by("-placed_at", "-id")
    )


def loose_refunds_of(customer_id: int) -> QuerySet[Refund]:
    """Refunds that no order is known for, newest first."""
    return Refund.objects.filter(customer_id=customer_id, order=None).order_by("-refunded_at", "-id")
