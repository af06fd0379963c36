"""What a condition looked at, for one customer, in words and figures."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Min

from config.kit.clock import zone
from config.kit.money import Money
from customers.models import Consent, Customer, Event, SegmentChange
from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.queries import predicates
from customers.segments.queries.compile import compile_tree
from customers.segments.queries.leaves import events, orders
from customers.segments.queries.leaves.sets import Context, Sql
from customers.segments.queries.predicates import Moment
from customers.segments.rules import windows
from customers.segments.rules.buckets import bucket
from customers.segments.rules.operators import event_measure_type, order_type
from customers.segments.rules.tree import (
    AttributeIs,
    ConsentIs,
    EventCount,
    EventMeasure,
    EventTime,
    FieldIs,
    InSegment,
    Leaf,
    MessageCount,
    Orders,
    RandomShare,
    SegmentMoved,
    Sequence,
)

NOTHING, NEVER = "nothing", "never"


def shown(leaf: Leaf, moment: Moment, currency: str, customer_id: int) -> str:
    """The value of one customer that a condition compares, as the page shows it; "nothing" where there is none."""
    context = Context(moment, [customer_id])
    match leaf:
        case FieldIs():
            return _text(*_field(leaf, customer_id), currency, moment)
        case AttributeIs():
            attributes = Customer.objects.filter(id=customer_id).values_list("attributes", flat=True).first() or {}
            return _text(attributes.get(leaf.key), FieldType.TEXT, currency, moment)
        case EventCount():
            return _times(leaf, moment, customer_id)
        case MessageCount():
            return _times(leaf.counted, moment, customer_id)
        case EventMeasure():
            name = "distinct" if leaf.measure == "days" else leaf.measure
            figure = _figure(events.values(leaf, context), name)
            return _text(figure, event_measure_type(leaf.measure, leaf.property), currency, moment)
        case EventTime():
            rows = Event.objects.filter(customer_id=customer_id, name=leaf.name, occurred_at__lte=moment.at)
            found = rows.aggregate(value=(Min if leaf.is_first else Max)("occurred_at"))["value"]
            return _text(found, FieldType.DATETIME, currency, moment)
        case Sequence():
            return _progress(leaf, moment, customer_id)
        case Orders():
            return _text(_orders(leaf, context), order_type(leaf.measure), currency, moment)
        case ConsentIs():
            answers = Consent.objects.filter(customer_id=customer_id, topic__slug=leaf.topic, channel=leaf.channel)
            return answers.values_list("state", flat=True).first() or "unasked"
        case SegmentMoved():
            return _moved(leaf, moment, customer_id)
        case InSegment():
            return "a member" if _holds(InSegment(leaf.segment_id), moment, customer_id) else "no member"
        case RandomShare():
            return f"{bucket(customer_id, leaf.salt) / 100:.2f} %"


def _field(leaf: FieldIs, customer_id: int) -> tuple[Any, FieldType]:
    known = fields.get(leaf.field)
    row = list(known.rows().filter(**{known.customer: customer_id}).values_list(known.value, flat=True)[:1])
    return (row[0] if row else known.missing), known.type


def _times(leaf: EventCount, moment: Moment, customer_id: int) -> str:
    rows = events.rows(leaf.name, leaf.window, leaf.where, Context(moment, [customer_id]))
    found = rows.aggregate(times=Count("id"), last=Max("occurred_at"))
    if not found["times"]:
        return NEVER
    times = "once" if found["times"] == 1 else f"{found['times']:,} times"
    return f"{times}, last {_text(found['last'], FieldType.DATETIME, '', moment)}"


def _orders(leaf: Orders, context: Context) -> Any:
    if leaf.measure in orders.PER_ORDER:
        return _figure(orders.per_order(leaf, context), orders.PER_ORDER[leaf.measure])
    if leaf.measure == "products":
        return _figure(orders.products(leaf, context), "distinct")
    rows = orders.paid(leaf, context).order_by().values("customer_id").annotate(measured=orders.figure(leaf))
    found = next(iter(rows.values_list("measured", flat=True)), None)
    return found if leaf.measure in orders.TIMES else found or 0


def _figure(rows: Sql, measure: str) -> Decimal | int | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.v FROM ({rows.text}) m WHERE m.v IS NOT NULL", list(rows.params))
        found = [row[0] for row in cursor.fetchall()]
    if measure == "distinct":
        return len(set(found))
    numbers = [Decimal(str(value)) for value in found]
    if measure == "sum":
        return sum(numbers, Decimal(0))
    if not numbers:
        return None
    return {"min": min, "max": max, "avg": _average}[measure](numbers)  # type: ignore[operator]


def _average(numbers: list[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0)) / len(numbers)


def _progress(leaf: Sequence, moment: Moment, customer_id: int) -> str:
    """How many steps, from the first on, some choice of events makes."""
    total = len(leaf.steps)
    first = leaf.steps[0]
    reached = 0
    parts: list[Leaf] = [EventCount(first.name, "at_least", 1, leaf.window, first.where)]
    parts += [replace(leaf, steps=leaf.steps[: number + 1], did=True) for number in range(1, total)]
    for part in parts:
        if not _holds(part, moment, customer_id):
            break
        reached += 1
    return f"{reached} of {total} steps"


def _moved(leaf: SegmentMoved, moment: Moment, customer_id: int) -> str:
    inside = predicates.within(F("changed_at"), windows.since(leaf.window, moment.at, moment.zone))
    rows = SegmentChange.objects.filter(inside, segment=leaf.segment_id, customer=customer_id, entered=leaf.entered)
    last = rows.aggregate(last=Max("changed_at"))["last"]
    return f"last {_text(last, FieldType.DATETIME, '', moment)}" if last else NEVER


def _holds(leaf: Leaf, moment: Moment, customer_id: int) -> bool:
    found = compile_tree(leaf, moment, [customer_id])
    with connection.cursor() as cursor:
        cursor.execute(found.text, list(found.params))
        return cursor.fetchone() is not None


def _text(value: Any, kind: FieldType, currency: str, moment: Moment) -> str:
    if value is None or value == "":
        return NOTHING
    if kind is FieldType.MONEY:
        return str(Money(int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)), currency))
    if isinstance(value, datetime):
        return f"{value.astimezone(zone(moment.zone)):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int | float) else str(value)
