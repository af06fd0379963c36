"""What each app does with a person's rows on export, erasure and merge."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q

from config.kit.registry import Registry

Rows = Iterable[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a merge touches, so that it can be undone; `customer` are the paths to the customer.

    `is_moved`: nothing but the customer's column changes, so ids are enough; only for columns of the table itself.
    Otherwise whole rows are remembered: those of both customers, or those that `rows(from_id, into_id)` chooses.
    `counters` are columns that go on counting afterwards: an undo takes back the difference and not the value. With
    `is_state` (one row per customer and subject) a row that the target changed afterwards stays with the target, and the
    other customer gets the row as it was.
    """

    model: type[Model]
    customer: tuple[str, ...] = ("customer",)
    is_moved: bool = False
    counters: tuple[str, ...] = ()
    is_state: bool = False
    rows: Callable[[int, int], Q] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the preview: how many rows of one kind a customer owns."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Policy for the models of one app.

    `export(customer_id)` gives plain rows by table, as lists or, where there may be many, as iterators;
    `erase(customer_id, at)` removes or pseudonymises them; `merge(from_id, into_id, at)` moves them.
    `models` lists every model with a key to the customer, `tables` what a merge touches. What cannot be undone by putting
    rows back (ledgers) is undone by `unmerge(kept, from_id, into_id, at)` with what `remember(from_id, into_id, at)` gave
    before the merge. `count(customer_id)` and `warn(from_id, into_id)` fill the preview: what is owned, what to know;
    `erased` and `stays` say in a sentence what an erasure removes and what it keeps without a name, and why.
    """

    key: str
    models: tuple[type[Model], ...]
    export: Callable[[int], Mapping[str, Rows]]
    erase: Callable[[int, datetime], None]
    merge: Callable[[int, int, datetime], None]
    tables: tuple[Table, ...] = ()
    remember: Callable[[int, int, datetime], dict[str, Any]] | None = None
    unmerge: Callable[[dict[str, Any], int, int, datetime], None] | None = None
    count: Callable[[int], list[Part]] | None = None
    warn: Callable[[int, int], list[str]] | None = None
    erased: str = ""
    stays: str = ""


registry: Registry[PersonalData] = Registry("personal_data", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
FIRST_FLOOR = "customers"


def merging() -> Iterator[PersonalData]:
    """The policies in the order of a merge: the first floor last, because the others' merges write to the timeline."""
    yield from sorted(all(), key=lambda policy: policy.key == FIRST_FLOOR)
