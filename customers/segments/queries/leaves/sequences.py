"""Events one after the other: A, then B within a day, then never C.

Every step's events become rows of one list per customer (and per value of the shared property), ordered by time and id.
A running maximum then says for each event of a step when the latest event of the step before it was that itself follows
a whole chain: only that one matters for "within". So one sort answers all choices of events, greedy or not. An event that
fits two steps is two rows, the later step first, so that it never follows itself.

Customers who lack one of the events altogether are left out beforehand by the running counts. Two steps without limits
between them need no events at all: the running counts hold the first and the last of each.
"""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, IntegerField, QuerySet, Value

from config.kit import sql
from customers.models import EventAggregate
from customers.segments.queries.expressions import InSet, Instant, JsonText
from customers.segments.queries.leaves import events
from customers.segments.queries.leaves.sets import Context, Part, Sql, both, compiled
from customers.segments.queries.predicates import Moment
from customers.segments.rules import windows
from customers.segments.rules.tree import EVER, EventCount, Sequence, Step

MINUTE = 60 * 10**6
COUNTS = "customers_eventaggregate"


def sequence(node: Sequence, context: Context) -> Part:
    """Those for whom some choice of events makes the whole sequence, or everybody else."""
    first, last = node.steps[0], node.steps[-1]
    is_plain = len(node.steps) == 2 and last.minutes is None and not (first.where or last.where or node.join)
    moves = node.window.is_ever or (node.window.span is not None and not last.did)
    if not is_plain or not moves:
        return Part(_chain(node, context, None), not node.did)
    if first.name != last.name:
        return Part(_plain(node, context), not node.did)
    # Twice the same event is "at least twice"; the last of them is always followed by none.
    count = EventCount(first.name, "at_least", 2 if last.did else 1, node.window)
    return Part(events.did(count, context), not node.did)


def _plain(node: Sequence, context: Context) -> Sql:
    """Two steps without limits, by the running counts in one look.

    They are sure where nothing happened after `at` and not both at one moment; the few others are asked by their events.
    """
    first, last = node.steps
    low = windows.since(node.window, context.at, context.moment.zone).low
    rows = EventAggregate.objects.filter(name=first.name)
    text, params = _aggregates(context.narrow(rows if low is None else rows.filter(last_at__gte=low), "customer_id"))
    at, value = _db(context.moment), _param(context.moment)
    if last.did:
        sure, unsure = f"a.first_at < b.last_at AND b.last_at <= {at}", f"b.last_at > {at} OR a.first_at = b.last_at"
    else:
        sure = f"a.last_at <= {at} AND (b.id IS NULL OR b.last_at < a.last_at)"
        unsure = f"a.last_at > {at} OR b.last_at > {at} OR a.last_at = b.last_at"
    found = (
        f"SELECT a.customer_id AS cid, CASE WHEN {sure} THEN 1 ELSE 0 END AS sure FROM ({text}) a "
        f"{'JOIN' if last.did else 'LEFT JOIN'} {COUNTS} b ON b.customer_id = a.customer_id AND b.name = %s "
        f"WHERE ({sure}) OR ({unsure})"
    )
    name = context.named(Sql(found, (value, *params, last.name, value, *[value] * unsure.count("%s"))))
    late = _chain(node, context, Sql(f"SELECT cid FROM {name} WHERE sure = 0"))
    return both(Sql(f"SELECT cid FROM {name} WHERE sure = 1"), late)


def _aggregates(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    found = compiled(rows.values("customer_id", "first_at", "last_at"))
    return found.text, found.params


def _chain(node: Sequence, context: Context, only: Sql | None) -> Sql:
    """The general case; `only` says for which customers."""
    key, keyed = ("cid, j", ", j") if node.join else ("cid", "")
    possible = only or _possible(node, context)
    name = context.named(possible) if possible else ""
    parts = [_events(node, number, context, name) for number in range(len(node.steps))]
    texts = [f"SELECT cid{keyed}, t, eid, step FROM ({part.text}) e{number}" for number, part in enumerate(parts)]
    source = context.named(Sql(" UNION ALL ".join(texts), sum((part.params for part in parts), ())))
    window = f"OVER (PARTITION BY {key} ORDER BY t, eid, step DESC ROWS BETWEEN"
    last = len(node.steps) - 1
    for number in range(1, last + 1):
        step = node.steps[number]
        if number == last and not step.did:
            near = f"MIN(CASE WHEN step = {number} THEN t END) {window} CURRENT ROW AND UNBOUNDED FOLLOWING) AS near"
            held, values = _not_followed(step, number, context.moment)
        else:
            near = f"MAX(CASE WHEN step = {number - 1} THEN t END) {window} UNBOUNDED PRECEDING AND CURRENT ROW) AS near"
            held, values = _followed(step, number, is_last=number == last)
        columns = "DISTINCT cid" if number == last else f"cid{keyed}, t, eid, step"
        text = f"SELECT {columns} FROM (SELECT cid{keyed}, t, eid, step, {near} FROM {source}) w{number} WHERE {held}"
        source = context.named(Sql(text, values))
    return Sql(f"SELECT cid FROM {source}")


def _followed(step: Step, number: int, *, is_last: bool) -> tuple[str, tuple[Any, ...]]:
    """The events of a step that come in time after the step before; events of later steps are kept for their turn."""
    found, values = f"step = {number} AND near IS NOT NULL", tuple[Any, ...]()
    if step.minutes is not None:
        found, values = f"step = {number} AND near >= t - {_span()}", (_minutes(step),)
    return (found, values) if is_last else (f"(step > {number} OR ({found}))", values)


def _not_followed(step: Step, number: int, moment: Moment) -> tuple[str, tuple[Any, ...]]:
    """The events of the step before which the last step did not follow in its time, now that this time has passed."""
    if step.minutes is None:
        return f"step = {number - 1} AND near IS NULL", ()
    end = f"t + {_span()}"
    now = "%s" if not sql.is_postgresql() else _db(moment)
    value = _micros(moment) if not sql.is_postgresql() else _param(moment)
    found = f"step = {number - 1} AND {end} <= {now} AND (near IS NULL OR near > {end})"
    return found, (_minutes(step), value, _minutes(step))


def _events(node: Sequence, number: int, context: Context, possible: str) -> Sql:
    """The events of one step, from the beginning of the window; the first step's also up to its end."""
    step = node.steps[number]
    found = windows.since(node.window, context.at, context.moment.zone)
    rows = events.rows(step.name, node.window if number == 0 else EVER, step.where, context)
    if number and found.low is not None:
        rows = rows.filter(occurred_at__gte=found.low)
    gaps = [item.minutes for item in node.steps[1 : number + 1]]
    if number and found.high is not None and None not in gaps:
        rows = rows.filter(occurred_at__lte=found.high + timedelta(minutes=sum(gap or 0 for gap in gaps)))
    if possible:
        rows = rows.filter(InSet(F("customer_id"), f"SELECT cid FROM {possible}", ()))
    joined: dict[str, Any] = {}
    if node.join:
        joined = {"j": JsonText(F("properties"), node.join)}
        rows = rows.annotate(**joined).filter(j__gt="")
    columns = {"cid": F("customer_id"), "eid": F("id"), "step": Value(number, output_field=IntegerField())}
    time = {"t": F("occurred_at") if sql.is_postgresql() else Instant(F("occurred_at"))}
    return compiled(rows.order_by().values(**columns, **time, **({"j": F("j")} if node.join else {})))


def _possible(node: Sequence, context: Context) -> Sql | None:
    """Those who did all that has to be done, by the running counts; None where that would narrow nothing."""
    wanted = list(dict.fromkeys(step.name for step in node.steps if step.did))
    if context.customer_ids is not None or len({step.name for step in node.steps}) == 1:
        return None
    low = windows.since(node.window, context.at, context.moment.zone).low
    rows = EventAggregate.objects.filter(name=wanted[0], first_at__lte=context.at)
    rows = rows.filter(last_at__gte=low) if low is not None else rows
    found = compiled(rows.order_by().values(cid=F("customer_id")))
    since = "" if low is None else f" AND b.last_at >= {_db(context.moment)}"
    text, params = found.text, found.params
    for number, name in enumerate(wanted[1:]):
        text = (
            f"SELECT a{number}.cid FROM ({text}) a{number} JOIN {COUNTS} b "
            f"ON b.customer_id = a{number}.cid AND b.name = %s{since}"
        )
        params = (*params, name, *([_param(Moment(low, ""))] if low is not None else []))
    return Sql(f"SELECT DISTINCT cid FROM ({text}) p0", params)


def _span() -> str:
    return "%s * interval '1 minute'" if sql.is_postgresql() else "%s"


def _minutes(step: Step) -> int:
    minutes = step.minutes or 0
    return minutes if sql.is_postgresql() else minutes * MINUTE


def _db(moment: Moment) -> str:
    return "%s::timestamptz" if sql.is_postgresql() else "%s"


def _param(moment: Moment) -> Any:
    """A moment as the driver compares it with a stored one."""
    return connection.ops.adapt_datetimefield_value(moment.at)


def _micros(moment: Moment) -> int:
    """A moment in microseconds since 1970, as `Instant` computes it of a stored one."""
    return int(moment.at.timestamp()) * 10**6 + moment.at.microsecond
