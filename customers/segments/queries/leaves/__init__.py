"""Each leaf as a set of customer ids, from the cheapest source that answers it exactly.

A per-customer table (profile, facts, another app's table) gives a `Scan`, which the compiler merges with its neighbours
on the same table; everything else gives a `Part`: one SELECT, perhaps to be read as its complement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, Max, Min, Model, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from customers.enums import OrderState
from customers.models import (
    Consent,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    Order,
    SegmentChange,
    SegmentMembership,
)
from customers.ports import fields
from customers.segments.queries import predicates
from customers.segments.queries.expressions import IdIn, Share
from customers.segments.queries.predicates import NUMERIC, Moment
from customers.segments.rules import buckets, windows
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventTime,
    FieldIs,
    InSegment,
    Leaf,
    Orders,
    RandomShare,
    Test,
)

PER_CENT = buckets.BUCKETS // 100
INVERSE = {"at_least": "less", "less": "at_least", "at_most": "more", "more": "at_most", "is": "is_not", "is_not": "is"}


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
    """The moment, and the customers to look at (None: all)."""

    moment: Moment
    customer_ids: Sequence[int] | None = None

    @property
    def at(self) -> datetime:
        return self.moment.at

    def narrow(self, rows: QuerySet[Any], customer: str) -> QuerySet[Any]:
        return rows if self.customer_ids is None else rows.filter(IdIn(F(customer), self.customer_ids))


def leaf(node: Leaf, context: Context) -> Scan | Part:
    """The set of one leaf."""
    if isinstance(node, FieldIs):
        return _field(node, context)
    if isinstance(node, AttributeIs):
        found = predicates.json_condition(F("attributes"), node.key, node.test, context.moment)
        return Scan(_profiles(), found, predicates.holds_without_value(node.test))
    if isinstance(node, RandomShare):
        share = windows.Range(node.first * PER_CENT, node.last * PER_CENT, without_high=True)
        return Scan(_profiles(), predicates.within(Share(F("pk"), node.salt), share), False)
    if isinstance(node, EventCount):
        return _event_count(node, context)
    if isinstance(node, EventTime):
        return _event_time(node, context)
    if isinstance(node, Orders):
        return _orders(node, context)
    if isinstance(node, ConsentIs):
        return _consent(node, context)
    assert isinstance(node, InSegment)
    return _membership(node, context)


def select(rows: QuerySet[Any], customer: str) -> Sql:
    """The SELECT of the customers of rows that are distinct already."""
    return _sql(rows.order_by().values(cid=F(customer)))


def scan(found: Scan, context: Context, *, inverted: bool = False) -> Sql:
    """The SELECT of a scan's rows: those that pass, or `inverted` those that do not."""
    condition = Q(predicates.IsNotTrue(found.condition)) if inverted else found.condition
    rows = context.narrow(found.source.rows, found.source.customer)
    return select(rows.filter(condition), found.source.customer)


def _sql(rows: QuerySet[Any]) -> Sql:
    try:
        text, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return EMPTY
    return Sql(text, tuple(params))


def _profiles() -> Source:
    return Source("customers.customer", Customer.objects.all(), "pk", True)


def _field(node: FieldIs, context: Context) -> Scan:
    field = fields.get(node.field)
    found = predicates.condition(F(field.value), node.test, context.moment)
    return Scan(source_of(field), found, _holds_for(field.missing, node.test))


def source_of(field: fields.Field) -> Source:
    """The table that a field reads; two fields of one table have equal keys."""
    rows: QuerySet[Model] = field.rows()
    if rows.model is Customer and not rows.query.where:
        return _profiles()
    narrowed = _sql(rows) if rows.query.where else ""
    return Source(f"{rows.model._meta.label}:{field.customer}:{narrowed}", rows, field.customer, False)


def _holds_for(missing: Any, test: Test) -> bool:
    """The truth of a test for the value that a customer without a row has."""
    if missing is None or missing == "":
        return predicates.holds_without_value(test)
    if test.type in NUMERIC:
        return _compare(missing, test)
    if test.op in ("empty", "not_empty"):
        return test.op == "not_empty"
    if isinstance(missing, bool):
        return missing is (test.op == "true")
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    return (missing in wanted) is (test.op in ("is", "any_of"))


def _compare(value: float, test: Test) -> bool:
    if test.op in ("empty", "not_empty"):
        return test.op == "not_empty"
    if test.op == "between":
        return bool(test.value[0] <= value <= test.value[1])
    return {
        "at_least": value >= test.value, "at_most": value <= test.value, "more": value > test.value,
        "less": value < test.value, "is": value == test.value, "is_not": value != test.value,
    }[test.op]  # fmt: skip


def _event_count(node: EventCount, context: Context) -> Part:
    if node.op == "at_most":
        return Part(_did(replace(node, op="at_least", count=node.count + 1), context), True)
    if node.count == 0:
        return Part(_did(replace(node, op="at_least", count=1), context), True)
    return Part(_did(node, context))


def _did(node: EventCount, context: Context) -> Sql:
    """Those who did it at least (or exactly) `count` times, 1 or more.

    Without conditions on properties the running counts answer "ever" and "at least once in the last N days"; they are
    exact for everybody whose last event is not later than `at`, and the few others are counted from their events.
    """
    found = windows.since(node.window, context.at, context.moment.zone)
    raw = context.narrow(Event.objects.filter(predicates.within(F("occurred_at"), found), name=node.name), "customer_id")
    raw = with_properties(raw, node, context.moment)
    is_once = node.op == "at_least" and node.count == 1
    if node.where or not (node.window.is_ever or (node.window.days is not None and is_once)):
        return _counted(raw, node)
    kept = context.narrow(EventAggregate.objects.filter(name=node.name, last_at__lte=context.at), "customer_id")
    if node.window.is_ever:
        kept = kept.filter(count=node.count) if node.op == "exactly" else kept.filter(count__gte=node.count)
    else:
        kept = kept.filter(last_at__gte=found.low)
    return _both(select(kept, "customer_id"), _counted(raw.filter(customer_id__in=_later(node.name, context)), node))


def with_properties(rows: QuerySet[Any], node: EventCount, moment: Moment) -> QuerySet[Any]:
    """Events narrowed to those that pass the conditions on their properties."""
    for item in node.where:
        if item.property == "amount":
            rows = rows.filter(predicates.condition(F("amount_minor"), item.test, moment))
        else:
            rows = rows.filter(predicates.json_condition(F("properties"), item.property, item.test, moment))
    return rows


def _later(name: str, context: Context) -> QuerySet[Any]:
    later = EventAggregate.objects.filter(name=name, last_at__gt=context.at)
    return context.narrow(later, "customer_id").values("customer_id")


def _counted(rows: QuerySet[Any], node: EventCount) -> Sql:
    counted = rows.order_by().values(cid=F("customer_id")).annotate(times=Count("*"))
    counted = counted.filter(times=node.count) if node.op == "exactly" else counted.filter(times__gte=node.count)
    return _sql(counted.values("cid"))


def _both(first: Sql, second: Sql) -> Sql:
    text = f"SELECT cid FROM ({first.text}) u0 UNION ALL SELECT cid FROM ({second.text}) u1"
    return Sql(text, first.params + second.params)


def _event_time(node: EventTime, context: Context) -> Part:
    if node.test.op in ("empty", "not_empty"):
        return Part(_did(EventCount(node.name, "at_least", 1), context), node.test.op == "empty")
    column = "first_at" if node.is_first else "last_at"
    kept = context.narrow(EventAggregate.objects.filter(name=node.name, **{f"{column}__lte": context.at}), "customer_id")
    exact = select(kept.filter(predicates.condition(F(column), node.test, context.moment)), "customer_id")
    if node.is_first:
        return Part(exact)
    raw = context.narrow(Event.objects.filter(name=node.name, occurred_at__lte=context.at), "customer_id")
    raw = raw.filter(customer_id__in=_later(node.name, context)).order_by()
    late = raw.values(cid=F("customer_id")).annotate(last=Max("occurred_at"))
    late = late.filter(predicates.condition(F("last"), node.test, context.moment)).values("cid")
    return Part(_both(exact, _sql(late)))


def _orders(node: Orders, context: Context) -> Part:
    """Who has no orders has the value 0; where that passes, the set is everybody but those who fail."""
    holds_at_zero = _compare(0, node.test)
    rows = _paid(node, context)
    late = rows
    is_running = node.measure == "count" and node.window.is_ever and not (node.products or node.categories)
    if is_running:
        late = rows.filter(customer_id__in=CustomerFacts.objects.filter(last_order_at__gt=context.at).values("customer_id"))
    counted = late.order_by().values(cid=F("customer_id")).annotate(measured=_measure(node))
    found = _sql(counted.filter(_having("measured", node.test, inverted=holds_at_zero)).values("cid"))
    if is_running:
        facts = context.narrow(CustomerFacts.objects.filter(last_order_at__lte=context.at), "customer_id")
        kept = facts.filter(_having("order_count", node.test, inverted=holds_at_zero))
        found = _both(select(kept, "customer_id"), found)
    return Part(found, holds_at_zero)


def _having(column: str, test: Test, *, inverted: bool) -> Q:
    if not inverted:
        return predicates.number(F(column), test)
    if test.op == "between":
        low, high = test.value
        return predicates.number(F(column), Test(test.type, "less", low)) | predicates.number(
            F(column), Test(test.type, "more", high)
        )
    return predicates.number(F(column), Test(test.type, INVERSE[test.op], test.value))


def _paid(node: Orders, context: Context) -> QuerySet[Any]:
    found = windows.since(node.window, context.at, context.moment.zone)
    rows = Order.objects.filter(predicates.within(F("placed_at"), found), state=OrderState.PAID)
    if found.low is not None:
        rows = rows.filter(local_day__gte=(found.low - timedelta(days=1)).date())  # the index there is on days
    only = Q()
    if node.products:
        only &= Q(lines__product__sku__in=node.products)
    if node.categories:
        only &= Q(lines__product__category__in=node.categories)
    return context.narrow(rows.filter(only) if only else rows, "customer_id")


def measured(node: Orders, moment: Moment, customer_id: int) -> int:
    """The figure of one customer that an order condition looks at."""
    rows = _paid(node, Context(moment, [customer_id])).order_by().values("customer_id").annotate(measured=_measure(node))
    return int(rows.values_list("measured", flat=True).first() or 0)


def _measure(node: Orders) -> Any:
    of_lines = bool(node.products or node.categories)
    if node.measure == "items":
        return Coalesce(Sum("lines__quantity"), 0)
    if node.measure == "count":
        return Count("id", distinct=True) if of_lines else Count("*")
    return Sum(F("lines__quantity") * F("lines__unit_minor")) if of_lines else Sum("total_minor")


def _consent(node: ConsentIs, context: Context) -> Part:
    rows = context.narrow(Consent.objects.filter(topic__slug=node.topic, channel=node.channel), "customer_id")
    if node.state == "unasked":
        return Part(select(rows, "customer_id"), True)
    return Part(select(rows.filter(state=node.state), "customer_id"))


def _membership(node: InSegment, context: Context) -> Part:
    return Part(membership_at(node.segment_id, context), not node.is_in)


def membership_at(segment_id: int, context: Context) -> Sql:
    """The members at a moment: today's who have not changed since, and those whose first change since is that they left."""
    later = SegmentChange.objects.filter(segment=segment_id, changed_at__gt=context.at)
    now = SegmentMembership.objects.filter(segment=segment_id).exclude(customer__in=later.values("customer"))
    first = later.order_by().values("customer").annotate(first=Min("id")).values("first")
    left = SegmentChange.objects.filter(id__in=first, entered=False)
    return _both(
        select(context.narrow(now, "customer_id"), "customer_id"),
        select(context.narrow(left, "customer_id"), "customer_id"),
    )
