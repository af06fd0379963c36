"""Running definitions: who matches, how many, a sample."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from config.kit.sql import read_only
from customers.models import Customer
from customers.queries import brand
from customers.segments.queries.compile import compile_tree
from customers.segments.queries.expressions import InSet
from customers.segments.queries.leaves.sets import Sql
from customers.segments.queries.predicates import Moment
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import Group

Definition = dict[str, Any] | Group


def compiled(definition: Definition, at: datetime, customer_ids: Iterable[int] | None = None) -> Sql:
    """The statement of a definition at a moment. Raises `BadDefinition`."""
    tree = definition if isinstance(definition, Group) else parse(definition)
    ids = None if customer_ids is None else list(customer_ids)
    return compile_tree(tree, Moment(at, brand.current().timezone), ids)


def matching(definition: Definition, at: datetime, customer_ids: Iterable[int] | None = None) -> QuerySet[Customer]:
    """Customers for whom the definition holds at `at`, of all or only of `customer_ids`. Raises `BadDefinition`."""
    found = compiled(definition, at, customer_ids)
    return Customer.objects.filter(InSet(F("pk"), found.text, found.params))


def ids(definition: Definition, at: datetime, customer_ids: Iterable[int] | None = None) -> list[int]:
    """The ids of `matching`, without a detour over the customers' table."""
    found = compiled(definition, at, customer_ids)
    return [row[0] for row in _rows(found.text, found.params)]


def count(definition: Definition, at: datetime, *, seconds: float | None = None) -> int:
    """How many customers match. Raises `TookTooLong` after `seconds`."""
    found = compiled(definition, at)
    with read_only(seconds):
        return int(_rows(f"SELECT COUNT(*) FROM ({found.text}) found", found.params)[0][0])


@dataclass(frozen=True, slots=True)
class Preview:
    """How many customers match, and the ids of a few of them, in no order."""

    count: int
    ids: list[int]


def preview(definition: Definition, at: datetime, *, seconds: float = 10, size: int = 10) -> Preview:
    """Count and sample of a definition from one evaluation that cannot write. Raises `BadDefinition`, `TookTooLong`.

    The sample is whatever comes first: sorting a million members to show ten would cost more than finding them.
    """
    found = compiled(definition, at)
    text = (
        f"WITH found AS MATERIALIZED ({found.text}) SELECT (SELECT COUNT(*) FROM found), cid "
        "FROM (SELECT cid FROM found LIMIT %s) s"
    )
    with read_only(seconds):
        rows = _rows(text, [*found.params, size])
    return Preview(int(rows[0][0]) if rows else 0, [row[1] for row in rows])


def difference(definition: Definition, segment_id: int, at: datetime) -> tuple[int, int]:
    """How many would enter and how many would leave a segment if it had this definition."""
    found = compiled(definition, at)
    table = "customers_segmentmembership"
    entering = (
        f"SELECT COUNT(*) FROM ({found.text}) f WHERE NOT EXISTS "
        f'(SELECT 1 FROM "{table}" m WHERE m.segment_id = %s AND m.customer_id = f.cid)'
    )
    staying = f'SELECT COUNT(*) FROM ({found.text}) f JOIN "{table}" m ON m.segment_id = %s AND m.customer_id = f.cid'
    members = f'SELECT COUNT(*) FROM "{table}" WHERE segment_id = %s'
    values = [*found.params, segment_id]
    enter, stay = int(_rows(entering, values)[0][0]), int(_rows(staying, values)[0][0])
    return enter, int(_rows(members, [segment_id])[0][0]) - stay


def _rows(text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, list(params))
        return list(cursor.fetchall())
