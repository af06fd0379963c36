"""Conditions on the events of one name: how often, when first and last, and figures of their properties."""

from dataclasses import replace
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Value
from django.db.models.functions import NullIf

from customers.models import Event, EventAggregate
from customers.segments.queries import predicates
from customers.segments.queries.expressions import JsonText, TextAsDecimal
from customers.segments.queries.leaves.measures import measured
from customers.segments.queries.leaves.sets import Context, Part, Sql, both, compiled, select
from customers.segments.queries.predicates import Moment
from customers.segments.rules import windows
from customers.segments.rules.tree import EventCount, EventMeasure, EventTime, PropertyIs, Window


def counted(node: EventCount, context: Context) -> Part:
    """Those who did it so often; where never doing it passes, everybody but those who fail."""
    most = node.most if node.op == "between" else node.count
    if node.op == "at_most" or (node.op == "between" and node.count == 0):
        return Part(did(replace(node, op="at_least", count=(most or 0) + 1, most=None), context), True)
    if node.count == 0:
        return Part(did(replace(node, op="at_least", count=1), context), True)
    return Part(did(node, context))


def did(node: EventCount, context: Context) -> Sql:
    """Those who did it at least, exactly or between so many times, 1 or more.

    Without conditions on properties the running counts answer "ever" and "at least once in the last N days"; they are
    exact for everybody whose last event is not later than `at`, and the few others are counted from their events.
    """
    found = windows.since(node.window, context.at, context.moment.zone)
    raw = rows(node.name, node.window, node.where, context)
    is_once = node.op == "at_least" and node.count == 1
    if node.where or not (node.window.is_ever or (node.window.span is not None and is_once)):
        return _counted(raw, node)
    kept = context.narrow(EventAggregate.objects.filter(name=node.name, last_at__lte=context.at), "customer_id")
    kept = kept.filter(_so_often("count", node)) if node.window.is_ever else kept.filter(last_at__gte=found.low)
    return both(select(kept, "customer_id"), _counted(raw.filter(customer_id__in=later(node.name, context)), node))


def rows(name: str, window: Window, where: tuple[PropertyIs, ...], context: Context) -> QuerySet[Any]:
    """The events of a name in a window that pass the conditions on their properties."""
    found = windows.since(window, context.at, context.moment.zone)
    raw = context.narrow(Event.objects.filter(predicates.within(F("occurred_at"), found), name=name), "customer_id")
    return with_properties(raw, where, context.moment)


def with_properties(rows: QuerySet[Any], where: tuple[PropertyIs, ...], moment: Moment) -> QuerySet[Any]:
    """Events narrowed to those that pass the conditions on their properties."""
    for item in where:
        if item.property == "amount":
            rows = rows.filter(predicates.condition(F("amount_minor"), item.test, moment))
        else:
            rows = rows.filter(predicates.json_condition(F("properties"), item.property, item.test, moment))
    return rows


def later(name: str, context: Context) -> QuerySet[Any]:
    """Customers whose running count of an event holds some after the moment."""
    found = EventAggregate.objects.filter(name=name, last_at__gt=context.at)
    return context.narrow(found, "customer_id").values("customer_id")


def _counted(rows: QuerySet[Any], node: EventCount) -> Sql:
    counts = rows.order_by().values(cid=F("customer_id")).annotate(times=Count("*"))
    return compiled(counts.filter(_so_often("times", node)).values("cid"))


def _so_often(column: str, node: EventCount) -> Q:
    if node.op == "exactly":
        return Q(**{column: node.count})
    found = Q(**{f"{column}__gte": node.count})
    return found & Q(**{f"{column}__lte": node.most}) if node.op == "between" else found


def timed(node: EventTime, context: Context) -> Part:
    """Those whose first or last event passes."""
    if node.test.op in ("empty", "not_empty"):
        return Part(did(EventCount(node.name, "at_least", 1), context), node.test.op == "empty")
    column = "first_at" if node.is_first else "last_at"
    kept = context.narrow(EventAggregate.objects.filter(name=node.name, **{f"{column}__lte": context.at}), "customer_id")
    exact = select(kept.filter(predicates.condition(F(column), node.test, context.moment)), "customer_id")
    if node.is_first:
        return Part(exact)
    raw = context.narrow(Event.objects.filter(name=node.name, occurred_at__lte=context.at), "customer_id")
    raw = raw.filter(customer_id__in=later(node.name, context)).order_by()
    late = raw.values(cid=F("customer_id")).annotate(last=Max("occurred_at"))
    late = late.filter(predicates.condition(F("last"), node.test, context.moment)).values("cid")
    return Part(both(exact, compiled(late)))


def measure(node: EventMeasure, context: Context) -> Part:
    """Those for whom the figure of their events passes."""
    name = "distinct" if node.measure == "days" else node.measure
    return measured(values(node, context), name, node.test, is_text=is_decimal(node))


def is_decimal(node: EventMeasure) -> bool:
    """Whether the values are decimals out of a property, not whole numbers of a column."""
    return node.property != "amount" and node.measure not in ("distinct", "days")


def values(node: EventMeasure, context: Context) -> Sql:
    """One value per event: the amount, the number or the text of the property, or the local day."""
    found = rows(node.name, node.window, node.where, context).order_by()
    return compiled(found.values(cid=F("customer_id"), v=_value(node)))


def _value(node: EventMeasure) -> Any:
    if node.measure == "days":
        return F("local_day")
    if node.property == "amount":
        return F("amount_minor")
    text = JsonText(F("properties"), node.property, is_scalar=is_decimal(node))
    return TextAsDecimal(text) if is_decimal(node) else NullIf(text, Value(""))
