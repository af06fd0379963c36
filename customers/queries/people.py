"""Customers as lists and pages show them."""

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, OrderBy, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from customers.models import Customer, Order, Refund
from customers.queries import search

COUNT_LIMIT = 10_000
SEARCH_LIMIT = 2_000
DEEP = 1_000
SECONDS = 8.0
SORTS: dict[str, tuple[str, ...]] = {
    "name": ("last_name", "first_name"),
    "created_at": ("created_at",),
    "order_count": ("facts__order_count",),
    "revenue_minor": ("facts__revenue_minor",),
    "last_order_at": ("facts__last_order_at",),
    "last_seen_at": ("facts__last_seen_at",),
}
DEFAULT_SORT = "-created_at"
COLUMNS = {
    "country": gettext_lazy("Country"),
    "company": gettext_lazy("Company"),
    "stage": gettext_lazy("Stage"),
    "plan": gettext_lazy("Plan"),
    "usage": gettext_lazy("Usage"),
    "market": gettext_lazy("Market"),
    "orders": gettext_lazy("Orders"),
    "revenue": gettext_lazy("Revenue"),
    "last_order": gettext_lazy("Last order"),
    "last_seen": gettext_lazy("Last seen"),
    "since": gettext_lazy("Since"),
}
DEFAULT_COLUMNS = ("country", "stage", "plan", "orders", "revenue", "last_order", "last_seen")
EXPORTED = [
    "external_id", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "city", "currency",
    "company",
    "industry", "market", "persona", "plan", "stage", "acquisition_channel", "acquired_on", "born_on", "renews_on",
    "created_at",
    "facts__order_count", "facts__revenue_minor", "facts__last_order_at", "facts__last_seen_at",
]  # fmt: skip


class Stacked:
    """Query sets one after the other, as one list that can be sliced.

    Customers ordered by a fact that not everybody has: those who have it by its index, then the others. One query over both
    would join a million rows and sort them for each page.
    """

    def __init__(self, *parts: QuerySet[Customer], whole: QuerySet[Customer]) -> None:
        self.parts, self.whole = parts, whole

    def count_to(self, limit: int) -> int:
        """How many there are in all parts together (`whole`), counted no further than `limit`."""
        return self.whole.order_by()[:limit].count()

    def __len__(self) -> int:
        return self.count_to(COUNT_LIMIT)

    def __getitem__(self, wanted: slice) -> list[Customer]:
        start = int(wanted.start or 0)
        missing = int(wanted.stop) - start
        rows: list[Customer] = []
        for part in self.parts:
            found = _slice(part, start, start + missing)
            rows += found
            missing -= len(found)
            if missing <= 0 or part is self.parts[-1]:
                break
            start = 0 if found or not start else start - part.order_by()[:start].count()
        return rows


def _slice(part: QuerySet[Customer], start: int, stop: int) -> list[Customer]:
    """Far from the beginning only the ids are passed over: whole rows with their facts would take twice as long."""
    if start < DEEP:
        return list(part[start:stop])
    ids = list(part.values_list("pk", flat=True)[start:stop])
    known = part.order_by().in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]


class CappedPaginator(Paginator):
    """Pages over at most 10,000 rows: counting a million rows for each page view would cost more than the page."""

    limit = COUNT_LIMIT
    known: int | None = None  # the number of rows, where it is known already

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.count_to(self.limit)) if self.known is None else self.known

    @property
    def is_capped(self) -> bool:
        return self.count >= self.limit


def sorted_by(customers: QuerySet[Customer], sort: str) -> Stacked:
    """Customers by one of `SORTS` ("-name" descending) with their facts, those without a value last, then by id.

    Plans at 1M customers (PostgreSQL), each an Index Scan that stops after the page: names by `customer_name_order`, facts
    by `facts_order_count`, `facts_revenue` or the index of the moment with one look-up of each customer.
    """
    name = sort.removeprefix("-")
    if name not in SORTS:
        sort, name = DEFAULT_SORT, DEFAULT_SORT.removeprefix("-")
    descending = sort.startswith("-")
    column = SORTS[name][0]
    customers = customers.select_related("facts")
    if not column.startswith("facts__"):
        keys = [search.folded(key) if name == "name" else F(key) for key in SORTS[name]]
        return Stacked(
            customers.order_by(*(OrderBy(key, descending=descending) for key in [*keys, F("id")])), whole=customers
        )
    known = customers.filter(**{f"{column}__isnull": False})
    keys = [OrderBy(F(key), descending=descending) for key in (column, "facts__customer_id")]
    others = customers.filter(**{f"{column}__isnull": True}).order_by("-id")
    return Stacked(known.order_by(*keys), others, whole=customers)


def found_first(customers: QuerySet[Customer], text: str) -> tuple[QuerySet[Customer], int]:
    """The first `SEARCH_LIMIT` of a search and their number, so that sorting them never walks through everybody."""
    ids = search.first(customers, text, SEARCH_LIMIT)
    return Customer.objects.filter(pk__among=ids), len(ids)


def ordered(customers: QuerySet[Customer], sort: str) -> QuerySet[Customer]:
    """The same order in one query, for an export of everybody."""
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
