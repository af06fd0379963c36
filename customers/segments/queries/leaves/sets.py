"""What leaves are made of: statements that give ids, sets that may be read as their complement, scans of one table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, QuerySet

from customers.segments.queries.expressions import IdIn
from customers.segments.queries.predicates import IsNotTrue, Moment


@dataclass(frozen=True, slots=True)
class Sql:
    """A SELECT of one column `cid` of distinct customer ids, with its parameters."""

    text: str
    params: tuple[Any, ...] = ()


EMPTY = Sql("SELECT NULL AS cid WHERE 1 = 0")


@dataclass(frozen=True, slots=True)
class Part:
    """A set, or everybody but a set."""

    sql: Sql
    is_complement: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A table with at most one row per customer. `is_total`: every customer has one."""

    key: str
    rows: QuerySet[Any]
    customer: str
    is_total: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """A condition on the row of a source; `without_row` is its truth for a customer who has none."""

    source: Source
    condition: Q
    without_row: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The moment, the customers to look at (None: all), and the tables that the statement names before it begins.

    Every nested group is such a table (`WITH g0 AS (…)`), so that the text of a statement stays flat however deep the
    rules are nested: SQLite's parser gives up at a hundred open brackets. PostgreSQL reads a table that is used once as if
    it stood in its place.
    """

    moment: Moment
    customer_ids: Sequence[int] | None = None
    tables: list[Sql] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.moment.at

    def named(self, found: Sql) -> str:
        """The name of a table of the statement that holds these rows; it may use the tables named before it."""
        self.tables.append(found)
        return f"g{len(self.tables) - 1}"

    def statement(self, found: Sql) -> Sql:
        """The whole statement: its tables and then the rows."""
        if not self.tables:
            return found
        names = ", ".join(f"g{number} AS ({table.text})" for number, table in enumerate(self.tables))
        params: tuple[Any, ...] = sum((table.params for table in self.tables), ())
        return Sql(f"WITH {names} {found.text}", params + found.params)

    def narrow(self, rows: QuerySet[Any], customer: str) -> QuerySet[Any]:
        return rows if self.customer_ids is None else rows.filter(IdIn(F(customer), self.customer_ids))


def compiled(rows: QuerySet[Any]) -> Sql:
    """The statement of a query set, whatever its columns."""
    try:
        text, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return EMPTY
    return Sql(text, tuple(params))


def select(rows: QuerySet[Any], customer: str) -> Sql:
    """The SELECT of the customers of rows that are distinct already."""
    return compiled(rows.order_by().values(cid=F(customer)))


def scan(found: Scan, context: Context, *, inverted: bool = False) -> Sql:
    """The SELECT of a scan's rows: those that pass, or `inverted` those that do not."""
    condition = Q(IsNotTrue(found.condition)) if inverted else found.condition
    rows = context.narrow(found.source.rows, found.source.customer)
    return select(rows.filter(condition), found.source.customer)


def both(first: Sql, second: Sql) -> Sql:
    """Two sets that have nobody in common."""
    text = f"SELECT cid FROM ({first.text}) u0 UNION ALL SELECT cid FROM ({second.text}) u1"
    return Sql(text, first.params + second.params)
