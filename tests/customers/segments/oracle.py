"""What definitions mean, said a second time in plain Python over small histories; shares no code with the compiler."""

import hashlib
import re
from datetime import date, datetime, timedelta

NUMBER = re.compile(r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$")
NEGATIVE = {"is_not": "is", "none_of": "any_of", "not_contains": "contains", "empty": "not_empty"}


def matching(definition, people, at, tz):
    return {person["id"] for person in people if holds(definition, person, at, tz)}


def holds(node, person, at, tz):
    if "match" in node:
        truths = [holds(rule, person, at, tz) for rule in node["rules"]]
        return {"all": all(truths), "any": any(truths), "none": not any(truths)}[node["match"]]
    return LEAVES[node["type"]](node, person, at, tz)


def field(node, person, at, tz):
    key = node["field"].split(".")[1]
    if key in FACTS:
        facts = person["facts"]
        value = facts[key] if facts else (0 if key in ("order_count", "revenue_minor", "event_count") else None)
    else:
        value = person[key]
    return compare(value, node["op"], node.get("value"), at, tz)


FACTS = {"order_count", "revenue_minor", "event_count", "last_order_at", "last_seen_at"}


def typed(raw, kind):
    if raw is None or isinstance(raw, list | dict):
        return None
    text = {True: "true", False: "false"}[raw] if isinstance(raw, bool) else str(raw)
    if kind == "text":
        return text
    if kind == "number":
        return float(text) if NUMBER.match(text) and "\n" not in text else None
    if kind == "boolean":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower())
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return date.fromisoformat(text[:10])
    return None


def attribute(node, person, at, tz):
    return compare(typed(person["attributes"].get(node["key"]), node["as"]), node["op"], node.get("value"), at, tz)


def window(within, at, tz):
    within = within or {}
    low, high, is_open = datetime(1, 1, 2, tzinfo=tz), at, False
    if "days" in within:
        low = at - timedelta(days=within["days"])
    if "from" in within:
        low = datetime.combine(date.fromisoformat(within["from"]), datetime.min.time(), tz)
    if "to" in within:
        end = datetime.combine(date.fromisoformat(within["to"]) + timedelta(days=1), datetime.min.time(), tz)
        if end <= at:
            high, is_open = end, True
    return lambda moment: low <= moment and (moment < high if is_open else moment <= high)


def event(node, person, at, tz):
    inside = window(node.get("within"), at, tz)
    times = 0
    for name, moment, properties, amount in person["events"]:
        if name == node["name"] and inside(moment):
            good = True
            for item in node.get("where", []):
                if item["property"] == "amount":
                    value = amount
                else:
                    value = typed(properties.get(item["property"]), item.get("as", "text"))
                good = good and compare(value, item["op"], item.get("value"), at, tz)
            times += good
    if node["op"] == "never":
        return times == 0
    return {"at_least": times >= node["count"], "at_most": times <= node["count"], "exactly": times == node["count"]}[
        node["op"]
    ]


def event_time(node, person, at, tz):
    moments = [moment for name, moment, *_ in person["events"] if name == node["name"] and moment <= at]
    value = (min if node["which"] == "first" else max)(moments) if moments else None
    return compare(value, node["op"], node.get("value"), at, tz)


def orders(node, person, at, tz):
    inside = window(node.get("within"), at, tz)
    value = 0
    for moment, state, total, lines in person["orders"]:
        if state != "paid" or not inside(moment):
            continue
        part = [
            line for line in lines
            if node.get("product") in (None, line[0]) and node.get("category") in (None, line[1])
        ]  # fmt: skip
        only = "product" in node or "category" in node
        if only and not part:
            continue
        if node["measure"] == "count":
            value += 1
        elif node["measure"] == "items":
            value += sum(line[2] for line in part)
        else:
            value += sum(line[2] * line[3] for line in part) if only else total
    return compare(value, node["op"], node["value"], at, tz)


def consent(node, person, at, tz):
    state = person["consents"].get((node["topic"], node["channel"]))
    return state is None if node["state"] == "unasked" else state == node["state"]


def segment(node, person, at, tz):
    return (node["segment"] in person["segments"]) is (node["op"] == "in")


def random(node, person, at, tz):
    raw = hashlib.sha256(f"perennial.share:{node.get('salt', '')}".encode()).digest()
    prime = 2**31 - 1
    a, b, c = (int.from_bytes(raw[i : i + 8], "big") % prime for i in (0, 8, 16))
    first = (person["id"] % prime * max(a, 2) + b) % prime
    return (first**2 % prime + c) % prime % 10_000 < node["percent"] * 100


LEAVES = {
    "field": field, "attribute": attribute, "event": event, "event_time": event_time, "orders": orders,
    "consent": consent, "segment": segment, "random": random,
}  # fmt: skip


def compare(value, op, wanted, at, tz):
    if op in NEGATIVE:
        return not compare(value, NEGATIVE[op], wanted, at, tz)
    if value is None or value == "":
        return False
    if op == "not_empty":
        return True
    if isinstance(value, bool):
        return value is (op == "true")
    if isinstance(value, str):
        low = lambda text: "".join(c.lower() if c.isascii() else c for c in text)  # noqa: E731
        return {
            "is": lambda: value == wanted, "any_of": lambda: value in wanted,
            "contains": lambda: low(wanted) in low(value), "starts": lambda: low(value).startswith(low(wanted)),
            "ends": lambda: low(value).endswith(low(wanted)),
        }[op]()  # fmt: skip
    if isinstance(value, int | float):
        if op == "between":
            return wanted[0] <= value <= wanted[1]
        return {"at_least": value >= wanted, "at_most": value <= wanted, "more": value > wanted, "less": value < wanted,
                "is": value == wanted}[op]  # fmt: skip
    return dated(value, op, wanted, at, tz)


def dated(value, op, wanted, at, tz):
    is_moment = isinstance(value, datetime)
    today = at.astimezone(tz).date()
    day = value.astimezone(tz).date() if is_moment else value
    if op in ("in_last", "more_ago", "in_next"):
        span = timedelta(days=wanted)
        now = at if is_moment else today
        return {
            "in_last": now - span <= value <= now, "more_ago": value < now - span,
            "in_next": (now < value if is_moment else now <= value) and value <= now + span,
        }[op]  # fmt: skip
    if op == "anniversary_next":
        if day >= today:
            return False
        for offset in range(min(wanted, 366) + 1):
            candidate = today + timedelta(days=offset)
            try:
                kept = day.replace(year=candidate.year)
            except ValueError:
                kept = date(candidate.year, 2, 28)
            if kept == candidate:
                return True
        return False
    if op == "between":
        return date.fromisoformat(wanted[0]) <= day <= date.fromisoformat(wanted[1])
    wanted = date.fromisoformat(wanted)
    return {"before": day < wanted, "after": day > wanted, "on": day == wanted}[op]
