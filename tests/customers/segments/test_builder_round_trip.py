"""A stored definition opens in the builder and saves to the same JSON, whatever it asks."""

from itertools import product
from random import Random

import pytest
from django.urls import reverse

from customers.models import Segment, Topic
from customers.ports.fields import FieldType
from customers.segments.actions import save
from customers.segments.forms import reading, showing
from customers.segments.rules import operators
from customers.segments.rules.dump import dump
from customers.segments.rules.operators import OPERATORS, Takes
from customers.segments.rules.parse import parse
from tests.customers.segments.inputs import posted
from tests.factories import people

VALUES = {
    Takes.TEXT: ["rose, red", "50 %", "ünïcode “quoted” <b>"],
    Takes.TEXTS: [["a"], ["Paris, France"], ["b, c", "d", "e"]],
    Takes.NUMBER: [0, -3, 1234567],
    Takes.NUMBERS: [[-1, 5], [1050, 99900]],
    Takes.DATE: ["2026-03-16"],
    Takes.DATES: [["2026-01-01", "2026-02-01"]],
    Takes.DAYS: [0, 30],
    Takes.NOTHING: [None],
}
WINDOWS = [
    {}, {"within": {"days": 7}}, {"within": {"hours": 36}}, {"within": {"from": "2026-01-01"}}, {"within": {"to": "2026-02-01"}},
    {"within": {"from": "2026-01-01", "to": "2026-02-01"}},
]  # fmt: skip
TIMES = [("at_least", 3), ("at_most", 0), ("exactly", 0), ("exactly", 5), ("between", [2, 4])]
FIELDS = {
    FieldType.TEXT: "customer.city", FieldType.CHOICE: "customer.country", FieldType.NUMBER: "customer.order_count",
    FieldType.MONEY: "customer.revenue_minor", FieldType.DATE: "customer.born_on", FieldType.DATETIME: "customer.created_at",
}  # fmt: skip
NUMBERS = [("at_least", 5), ("between", [1, 9]), ("is_not", 0)]


def every_test(kind):
    for op in OPERATORS[kind].values():
        for value in VALUES[op.takes]:
            yield {"op": op.key} if value is None else {"op": op.key, "value": value}


def wheres():
    plain = [
        {"property": "path", "as": kind.value, **test} for kind in operators.ATTRIBUTE_TYPES for test in every_test(kind)
    ]
    return [[item] for item in [*plain, *({"property": "amount", **test} for test in every_test(FieldType.MONEY))]]


def conditions():
    """Every type of condition with every operator, measure, window and kind of property condition."""
    for kind, key in FIELDS.items():
        yield from ({"type": "field", "field": key, **test} for test in every_test(kind))
    for kind in operators.ATTRIBUTE_TYPES:
        yield from ({"type": "attribute", "key": "my key", "as": kind.value, **test} for test in every_test(kind))
    for (op, count), window in product(TIMES, WINDOWS):
        yield {"type": "event", "name": "page.viewed", "op": op, "count": count, **window}
        yield {"type": "message", "did": "clicked", "op": op, "count": count, **window, "source": "campaign:7"}
    yield from (
        {"type": "message", "did": did, "op": "at_least", "count": 1, "channel": "sms"} for did in operators.MESSAGES
    )
    for where in wheres():
        yield {"type": "event", "name": "page.viewed", "op": "at_least", "count": 1, "where": where}
    for measure in operators.EVENT_MEASURES:
        of = {} if measure == "days" else {"property": "points"}
        for (op, value), window in product(NUMBERS, WINDOWS[:3]):
            yield {
                "type": "event_measure",
                "name": "app.used",
                "measure": measure,
                **of,
                "op": op,
                "value": value,
                **window,
            }
    for measure in ("sum", "avg", "min", "max"):
        yield {"type": "event_measure", "name": "app.used", "measure": measure, "property": "amount", "op": "more", "value": 1050,
               "where": [{"property": "a", "as": "text", "op": "is", "value": "b"}]}  # fmt: skip
    yield {"type": "event_measure", "name": "app.used", "measure": "avg", "property": "points", "op": "empty"}
    for which, test in product(("first", "last"), every_test(FieldType.DATETIME)):
        yield {"type": "event_time", "name": "order.placed", "which": which, **test}
    yield from sequences()
    yield from orders()
    for state, channel in product(operators.CONSENT_STATES, ("email", "inbox")):
        yield {"type": "consent", "topic": "news", "channel": channel, "state": state}
    for op, within in [
        ("in", {}),
        ("not_in", {}),
        ("entered", {"within": {"days": 7}}),
        ("left", {"within": {"hours": 5}}),
    ]:
        yield {"type": "segment", "segment": 1, "op": op, **within}
    for share in (
        {"percent": 10},
        {"percent": 10, "salt": "spring"},
        {"from": 10, "to": 20},
        {"from": 50, "to": 100, "salt": "x"},
    ):
        yield {"type": "random", **share}


def sequences():
    path = {"property": "path", "as": "text", "op": "starts", "value": "/sale"}
    first, second = {"name": "page.viewed", "where": [path]}, {"name": "order.placed", "did": True}
    for within, did in product(
        [{}, {"within": {"minutes": 90}}, {"within": {"hours": 5}}, {"within": {"days": 3}}], [True, False]
    ):
        yield {"type": "sequence", "steps": [first, {**second, "did": did, **within}], "op": "did"}
    yield {"type": "sequence", "steps": [first, second, second, {**second, "where": [path, path]}], "join": "order_id",
           "within": {"days": 30}, "op": "did_not"}  # fmt: skip


def orders():
    for measure in operators.MEASURES:
        kind = operators.order_type(measure)
        tests = (
            every_test(kind) if measure not in operators.ZERO_MEASURES else [{"op": op, "value": v} for op, v in NUMBERS]
        )
        yield from ({"type": "orders", "measure": measure, **test, "within": {"days": 90}} for test in tests)
    for only in (
        {"product": "JAR"},
        {"product": ["A, B", "C"]},
        {"category": "Mugs, blue"},
        {"product": "A", "category": ["B", "C"]},
    ):
        yield {"type": "orders", "measure": "count", "op": "at_least", "value": 1, **only}


ALL = list(conditions())


def canonical(definition):
    return dump(parse(definition))


def grouped(rules, match="all"):
    return {"match": match, "rules": list(rules)}


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_every_condition_comes_back_from_its_draft(currency):
    for rule in ALL:
        stored = canonical(grouped([rule]))

        shown = showing.from_definition(stored, currency)

        assert canonical(reading.to_definition(shown, currency)) == stored, rule


def test_every_condition_comes_back_from_its_page(client, at, db):
    client.force_login(people.staff_member("marta", is_superuser=True))
    Topic.objects.create(slug="news", name="News")
    first = save.rules(name="First", definition=grouped([{"type": "random", "percent": 10}]), at=at)
    rules = [{**rule, "segment": first.pk} if rule["type"] == "segment" else rule for rule in ALL]
    rules = Random(1).sample(rules, 120)
    segment = save.rules(name="Everything", definition=grouped(rules[:3]), at=at)
    url = reverse("customers:segment-edit", args=[segment.pk])

    for start in range(0, len(rules), 60):
        part = rules[start : start + 60]
        nested = canonical(grouped([*part[:20], grouped([*part[20:40], grouped(part[40:] or part[:1], "none")], "any")]))
        Segment.objects.filter(pk=segment.pk).update(definition=nested)
        response = client.post(url, {**posted(client.get(url).content.decode()), "do": "save", "name": "Everything"})

        segment.refresh_from_db()
        assert response.status_code == 302, response.content.decode()[:3000]
        assert segment.definition == nested
        assert segment.version == 1
