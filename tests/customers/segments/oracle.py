"""What definitions mean, said a second time in plain Python over small histories; shares no code with the compiler.

A person is a dictionary: the columns of a customer, `facts` (None without a row), `events`, `orders`, `consents`, and by
segment `member` (now) and `moves` (history).
"""

import hashlib
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.customers.segments.oracle_values import compare, counted, text_of, typed


class Happened(NamedTuple):
    """An event; `number` says which of two at the same moment came later."""

    number: int
    name: str
    moment: object
    properties: dict
    amount: int | None


class Bought(NamedTuple):
    """An order with its lines: SKU, category, quantity, price of one piece."""

    moment: object
    state: str
    total: int
    lines: tuple


def matching(definition, people, at, tz):
    return {person["id"] for person in people if holds(definition, person, at, tz)}


def holds(node, person, at, tz):
    if "match" in node:
        truths = [holds(rule, person, at, tz) for rule in node["rules"]]
        return {"all": all(truths), "any": any(truths), "none": not any(truths)}[node["match"]]
    return LEAVES[node["type"]](node, person, at, tz)


FACTS = {
    "order_count": 0, "revenue_minor": 0, "refunded_minor": 0, "event_count": 0, "first_order_at": None,
    "last_order_at": None, "first_seen_at": None, "last_seen_at": None,
}  # fmt: skip


def field(node, person, at, tz):
    key = node["field"].split(".")[1]
    value = (person["facts"] or FACTS).get(key) if key in FACTS else person[key]
    return compare(value, node["op"], node.get("value"), at, tz)


def attribute(node, person, at, tz):
    value = typed(person["attributes"].get(node["key"]), node.get("as", "text"), tz)
    return compare(value, node["op"], node.get("value"), at, tz)


def inside(within, moment, at, tz):
    within = within or {}
    if "days" in within or "hours" in within:
        return at - timedelta(days=within.get("days", 0), hours=within.get("hours", 0)) <= moment <= at
    day = moment.astimezone(tz).date()
    return moment <= at and date.fromisoformat(within.get("from", "0001-01-01")) <= day <= date.fromisoformat(
        within.get("to", "9999-12-31")
    )


def passes(happened, where, at, tz):
    for item in where or []:
        if item["property"] == "amount":
            value = happened.amount
        else:
            value = typed(happened.properties.get(item["property"]), item.get("as", "text"), tz)
        if not compare(value, item["op"], item.get("value"), at, tz):
            return False
    return True


def those(node, person, at, tz):
    """The events that a leaf with a name, a window and conditions asks about."""
    return [
        happened for happened in person["events"]
        if happened.name == node["name"] and inside(node.get("within"), happened.moment, at, tz)
        and passes(happened, node.get("where"), at, tz)
    ]  # fmt: skip


def times(node, count):
    return count == 0 if node["op"] == "never" else counted(count, node["op"], node.get("count", 1))


def event(node, person, at, tz):
    return times(node, len(those(node, person, at, tz)))


def event_time(node, person, at, tz):
    moments = [e.moment for e in person["events"] if e.name == node["name"] and e.moment <= at]
    value = (min if node["which"] == "first" else max)(moments) if moments else None
    return compare(value, node["op"], node.get("value"), at, tz)


def event_measure(node, person, at, tz):
    found, key, measure = those(node, person, at, tz), node.get("property"), node["measure"]
    if measure == "days":
        value = len({happened.moment.astimezone(tz).date() for happened in found})
    elif measure == "distinct":
        texts = {text_of(e.amount if key == "amount" else e.properties.get(key)) for e in found}
        value = len(texts - {None, ""})
    else:
        numbers = [
            Fraction(e.amount) if e.amount is not None else None for e in found
        ] if key == "amount" else [typed(e.properties.get(key), "number", tz) for e in found]  # fmt: skip
        value = summary(measure, [number for number in numbers if number is not None])
    return compare(value, node["op"], node.get("value"), at, tz)


def summary(measure, numbers):
    if measure == "sum":
        return Fraction(sum(numbers))
    if not numbers:
        return None
    return {"avg": sum(numbers) / len(numbers), "min": min(numbers), "max": max(numbers)}[measure]


def sequence(node, person, at, tz):
    known = [happened for happened in person["events"] if happened.moment <= at]
    first, *others = node["steps"]
    starts = [
        happened for happened in known
        if happened.name == first["name"] and inside(node.get("within"), happened.moment, at, tz)
        and passes(happened, first.get("where"), at, tz)
    ]  # fmt: skip
    return any(goes_on(start, others, node.get("join"), known, at, tz) for start in starts) is (node["op"] == "did")


def goes_on(before, steps, join, known, at, tz):
    """Whether every further step can be found after this event."""
    same = text_of(before.properties.get(join)) if join else None
    if join and not same:
        return False
    if not steps:
        return True
    step, *others = steps
    span = timedelta(**step["within"]) if step.get("within") else None
    found = [
        e for e in known
        if e.name == step["name"] and (e.moment, e.number) > (before.moment, before.number)
        and (span is None or e.moment - before.moment <= span) and passes(e, step.get("where"), at, tz)
        and (not join or text_of(e.properties.get(join)) == same)
    ]  # fmt: skip
    if not step.get("did", True):
        return not found and (span is None or before.moment + span <= at)
    return any(goes_on(e, others, join, known, at, tz) for e in found)


def message(node, person, at, tz):
    kind, _, number = node.get("source", "").partition(":")
    count = 0
    for happened in person["events"]:
        about = {key: text_of(value) for key, value in happened.properties.items()}
        count += (
            happened.name == f"message.{node['did']}"
            and inside(node.get("within"), happened.moment, at, tz)
            and (not kind or (about.get("source_kind"), about.get("source_id")) == (kind, number))
            and (not node.get("channel") or about.get("channel") == node["channel"])
        )
    return times(node, count)


def listed(value):
    return [value] if isinstance(value, str) and value else list(value or [])


def orders(node, person, at, tz):
    products, categories = listed(node.get("product")), listed(node.get("category"))
    found = []
    for order in person["orders"]:
        lines = [
            line for line in order.lines
            if (not products or line[0] in products) and (not categories or line[1] in categories)
        ]  # fmt: skip
        if order.state == "paid" and inside(node.get("within"), order.moment, at, tz):
            if not products and not categories:
                found.append((order.moment, order.total, lines))
            elif lines:
                found.append((order.moment, sum(line[2] * line[3] for line in lines), lines))
    return compare(measured(node["measure"], found), node["op"], node.get("value"), at, tz)


def measured(measure, found):
    moments, totals = [part[0] for part in found], [part[1] for part in found]
    lines = [line for part in found for line in part[2]]
    always = {
        "count": len(found), "total": sum(totals), "items": sum(line[2] for line in lines),
        "products": len({line[0] for line in lines}),
    }  # fmt: skip
    if measure in always or not found:
        return always.get(measure)
    return {
        "average": lambda: Fraction(sum(totals), len(totals)), "largest": lambda: max(totals),
        "first_at": lambda: min(moments), "last_at": lambda: max(moments),
    }[measure]()  # fmt: skip


def consent(node, person, at, tz):
    state = person["consents"].get((node["topic"], node["channel"]))
    return state is None if node["state"] == "unasked" else state == node["state"]


def segment(node, person, at, tz):
    moves = person["moves"].get(node["segment"], [])
    if node["op"] in ("entered", "left"):
        return any(
            entered is (node["op"] == "entered") and inside(node.get("within"), moment, at, tz) for moment, entered in moves
        )
    later = [entered for moment, entered in moves if moment > at]
    is_in = not later[0] if later else node["segment"] in person["member"]
    return is_in is (node["op"] == "in")


def random(node, person, at, tz):
    raw = hashlib.sha256(f"perennial.share:{node.get('salt', '')}".encode()).digest()
    prime = 2**31 - 1
    a, b, c = (int.from_bytes(raw[i : i + 8], "big") % prime for i in (0, 8, 16))
    first = (person["id"] % prime * max(a, 2) + b) % prime
    bucket = (first**2 % prime + c) % prime % 10_000
    low, high = (0, node["percent"]) if "percent" in node else (node["from"], node["to"])
    return low * 100 <= bucket < high * 100


LEAVES = {
    "field": field, "attribute": attribute, "event": event, "event_time": event_time, "event_measure": event_measure,
    "sequence": sequence, "message": message, "orders": orders, "consent": consent, "segment": segment, "random": random,
}  # fmt: skip
