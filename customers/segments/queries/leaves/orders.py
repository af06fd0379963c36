"""Figures of paid orders: number, amounts, pieces, products, first and last; perhaps only of some products."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from customers.enums import OrderState
from customers.models import CustomerFacts, Order
from customers.ports.fields import FieldType
from customers.segments.queries import predicates
from customers.segments.queries.leaves.measures import INVERSE, holds_at, measured
from customers.segments.queries.leaves.sets import Context, Part, Sql, both, compiled, select
from customers.segments.rules import windows
from customers.segments.rules.operators import OPPOSITES
from customers.segments.rules.tree import Orders, Test

PER_ORDER = {"average": "avg", "largest": "max"}
TIMES = {"first_at": Min, "last_at": Max}


def orders(node: Orders, context: Context) -> Part:
    """Who has no orders has the value 0, and no average, largest, first and last one."""
    if node.measure in TIMES:
        return _timed(node, context)
    if node.measure in PER_ORDER:
        return measured(per_order(node, context), PER_ORDER[node.measure], node.test)
    if node.measure == "products":
        return measured(products(node, context), "distinct", node.test)
    return _counted(node, context)


def _counted(node: Orders, context: Context) -> Part:
    """Number, amount or pieces; where 0 passes, the set is everybody but those who fail."""
    holds = holds_at(0, node.test)
    late = rows = paid(node, context)
    is_running = node.measure == "count" and node.window.is_ever and not (node.products or node.categories)
    if is_running:
        late = rows.filter(customer_id__in=CustomerFacts.objects.filter(last_order_at__gt=context.at).values("customer_id"))
    counted = late.order_by().values(cid=F("customer_id")).annotate(measured=figure(node))
    found = compiled(counted.filter(_having("measured", node.test, inverted=holds)).values("cid"))
    if is_running:
        facts = context.narrow(CustomerFacts.objects.filter(last_order_at__lte=context.at), "customer_id")
        found = both(select(facts.filter(_having("order_count", node.test, inverted=holds)), "customer_id"), found)
    return Part(found, holds)


def _having(column: str, test: Test, *, inverted: bool) -> Q:
    if not inverted:
        return predicates.number(F(column), test)
    if test.op == "between":
        low, high = test.value
        return predicates.number(F(column), Test(test.type, "less", low)) | predicates.number(
            F(column), Test(test.type, "more", high)
        )
    return predicates.number(F(column), Test(test.type, INVERSE[test.op], test.value))


def _timed(node: Orders, context: Context) -> Part:
    positive = OPPOSITES.get(node.test.op, node.test.op)
    asked = Test(FieldType.DATETIME, positive, node.test.value)
    rows = paid(node, context).order_by().values(cid=F("customer_id")).annotate(measured=figure(node))
    found = rows.filter(predicates.condition(F("measured"), asked, context.moment)).values("cid")
    return Part(compiled(found), positive != node.test.op)


def paid(node: Orders, context: Context) -> QuerySet[Any]:
    """The orders that count, one row per line of the products asked for, if any are."""
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


def per_order(node: Orders, context: Context) -> Sql:
    """One amount per order; of products it is what their lines come to."""
    rows = paid(node, context).order_by()
    if not (node.products or node.categories):
        return compiled(rows.values(cid=F("customer_id"), v=F("total_minor")))
    return compiled(rows.values("id", cid=F("customer_id")).annotate(v=_of_lines()).values("cid", "v"))


def products(node: Orders, context: Context) -> Sql:
    """One product per line."""
    return compiled(paid(node, context).order_by().values(cid=F("customer_id"), v=F("lines__product_id")))


def figure(node: Orders) -> Any:
    """The aggregate of a measure that one GROUP BY answers."""
    of_lines = bool(node.products or node.categories)
    if node.measure in TIMES:
        return TIMES[node.measure]("placed_at")
    if node.measure == "items":
        return Coalesce(Sum("lines__quantity"), 0)
    if node.measure == "count":
        return Count("id", distinct=True) if of_lines else Count("*")
    return _of_lines() if of_lines else Sum("total_minor")


def _of_lines() -> Any:
    return Sum(F("lines__quantity") * F("lines__unit_minor"))
