"""The compiler against the oracle: random definitions over random histories, on whichever engine runs the tests."""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import (
    Brand,
    Consent,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    Order,
    OrderLine,
    Product,
    Segment,
    SegmentMembership,
    Topic,
)
from customers.segments.queries import run
from customers.segments.rules.dump import dump
from customers.segments.rules.parse import parse
from tests.customers.segments import oracle

pytestmark = pytest.mark.django_db
ZONE = "Europe/London"
AT = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # the night before the clocks change
EXAMPLES = int(os.environ.get("SEGMENT_EXAMPLES", "250"))

NAMES = ["order.placed", "page.viewed", "message.clicked"]
WORDS = ["", "gold", "Gold", "go%", "g_ld", "DE", "FR", "a\\b", "o'hara; --", "naïve", '"x"', "5", "7.5"]
OFFSETS = st.one_of(
    st.sampled_from([0, 1, 7, 30]).map(lambda n: timedelta(days=n)),
    st.sampled_from([-2, -1, 1, 6, 8, 29, 31, 365, 400]).map(lambda n: timedelta(days=n)),
    st.integers(-3000, 60 * 24 * 60).map(lambda n: timedelta(minutes=n)),
)
MOMENTS = OFFSETS.map(lambda offset: AT - offset)
DAYS = st.one_of(
    OFFSETS.map(lambda o: (AT - o).date()), st.sampled_from([date(1980, 2, 29), date(1990, 3, 30), date(2024, 2, 29)])
)
SKUS = [("mug", "kitchen"), ("pan", "kitchen"), ("rose", "garden")]
RAW = st.one_of(st.sampled_from(WORDS), st.integers(-3, 12), st.booleans(), st.none(), st.sampled_from([2.5, 7.5]),
                st.just([1]), st.just({"a": 1}), DAYS.map(date.isoformat))  # fmt: skip

people = st.fixed_dictionaries(
    {
        "country": st.sampled_from(["", "DE", "FR"]),
        "plan": st.sampled_from(WORDS),
        "city": st.sampled_from(WORDS),
        "born_on": st.none() | DAYS,
        "created_at": MOMENTS,
        "attributes": st.dictionaries(st.sampled_from(["tier", "score", "vip", "since day"]), RAW, max_size=3),
        "events": st.lists(
            st.tuples(st.sampled_from(NAMES), MOMENTS, st.dictionaries(st.sampled_from(["sku", "size"]), RAW, max_size=2),
                      st.none() | st.integers(0, 300)),
            max_size=5,
        ),
        "orders": st.lists(
            st.tuples(
                MOMENTS, st.sampled_from(["paid", "paid", "refunded"]), st.integers(0, 500),
                st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3), st.integers(0, 90)), max_size=3)
                .map(lambda lines: [(sku, category, n, price) for (sku, category), n, price in lines]),
            ),
            max_size=3,
        ),
        "has_facts": st.booleans(),
        "consents": st.dictionaries(
            st.tuples(st.sampled_from(["news", "tips"]), st.sampled_from(["email", "sms"])),
            st.sampled_from(["granted", "denied"]), max_size=2,
        ),
        "in_segment": st.booleans(),
    }
)  # fmt: skip
populations = st.lists(people, min_size=1, max_size=6)

small = st.one_of(st.integers(-2, 12), st.sampled_from([2.5, -2.5, 7.5]))
iso = DAYS.map(date.isoformat)
empties = st.sampled_from([{"op": "empty"}, {"op": "not_empty"}])


def one(ops, values):
    return st.fixed_dictionaries({"op": st.sampled_from(ops), "value": values})


words = st.sampled_from(WORDS[1:])
numbers = lambda values: st.one_of(  # noqa: E731
    one(["at_least", "at_most", "more", "less", "is", "is_not"], values),
    one(["between"], st.tuples(values, values).map(lambda pair: sorted(pair))),
)
texts = st.one_of(
    one(["is", "is_not", "contains", "not_contains", "starts", "ends"], words),
    one(["any_of", "none_of"], st.lists(words, min_size=1, max_size=3)),
    empties,
)
choices = st.one_of(
    one(["is", "is_not"], words), one(["any_of", "none_of"], st.lists(words, min_size=1, max_size=3)), empties
)
dates = st.one_of(
    one(["in_last", "more_ago", "in_next", "anniversary_next"], st.sampled_from([0, 1, 7, 30, 365, 400])),
    one(["before", "after", "on"], iso),
    one(["between"], st.tuples(iso, iso).map(lambda pair: sorted(pair))),
    empties,
)
booleans = st.one_of(st.sampled_from([{"op": "true"}, {"op": "false"}]), empties)
windows = st.one_of(
    st.none(),
    st.fixed_dictionaries({"days": st.sampled_from([1, 7, 30, 365])}),
    st.fixed_dictionaries({"from": iso}),
    st.fixed_dictionaries({"to": iso}),
    st.tuples(iso, iso).map(lambda pair: {"from": min(pair), "to": max(pair)}),
)
typed = st.one_of(
    texts.map(lambda t: {"as": "text", **t}), numbers(small).map(lambda t: {"as": "number", **t}),
    dates.map(lambda t: {"as": "date", **t}), booleans.map(lambda t: {"as": "boolean", **t}),
)  # fmt: skip


def leaf(kind, *parts):
    return st.tuples(*parts).map(
        lambda found: {"type": kind} | {k: v for part in found for k, v in part.items() if v is not None}
    )


def named(key, *values):
    return st.sampled_from(values).map(lambda value: {key: value})


properties = st.lists(
    st.one_of(
        st.tuples(named("property", "sku", "size", "none"), typed).map(lambda pair: pair[0] | pair[1]),
        st.one_of(numbers(st.integers(0, 300)), empties).map(lambda t: {"property": "amount", **t}),
    ),
    max_size=2,
).map(lambda found: {"where": found or None})
within = windows.map(lambda found: {"within": found})
event_names = named("name", *NAMES)
leaves = st.one_of(
    leaf("field", named("field", "customer.country", "customer.plan"), choices),
    leaf("field", named("field", "customer.city"), texts),
    leaf("field", named("field", "customer.order_count"), st.one_of(numbers(small), empties)),
    leaf("field", named("field", "customer.revenue_minor"), st.one_of(numbers(st.integers(-1, 600)), empties)),
    leaf("field", named("field", "customer.born_on", "customer.created_at", "customer.last_order_at"), dates),
    leaf("attribute", named("key", "tier", "score", "vip", "since day", "none"), typed),
    leaf("event", event_names, named("op", "at_least"), named("count", 1, 2, 3), within, properties),
    leaf("event", event_names, named("op", "at_most", "exactly"), named("count", 0, 1, 2), within, properties),
    leaf("event", event_names, named("op", "never"), within, properties),
    leaf("event_time", event_names, named("which", "first", "last"), dates),
    leaf("orders", named("measure", "count", "total", "items"), numbers(st.integers(-1, 400)), within,
         named("product", None, None, "mug", "rose"), named("category", None, None, "kitchen")),
    leaf("consent", named("topic", "news", "tips", "gone"), named("channel", "email"),
         named("state", "granted", "denied", "unasked")),
    leaf("segment", named("op", "in", "not_in"), named("segment", "THE")),
    leaf("random", named("percent", 1, 20, 50, 99), named("salt", None, "summer")),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries({"match": st.sampled_from(["all", "any", "none"]),
                                         "rules": st.lists(inner, min_size=1, max_size=4)}),
    max_leaves=7,
).map(lambda node: node if "match" in node else {"match": "all", "rules": [node]})  # fmt: skip


def store(population):
    """Write the histories, with counts and facts as the timeline's subscribers keep them."""
    for model in (
        OrderLine,
        Order,
        Product,
        Event,
        EventAggregate,
        CustomerFacts,
        Consent,
        Topic,
        SegmentMembership,
        Segment,
    ):
        model.objects.all().delete()
    Customer.objects.all().delete()
    Brand.objects.update_or_create(pk=1, defaults={"timezone": ZONE})
    topics = {slug: Topic.objects.create(slug=slug, name=slug) for slug in ("news", "tips")}
    products = {sku: Product.objects.create(sku=sku, category=category) for sku, category in SKUS}
    segment = Segment.objects.create(name="Other", slug="other", created_at=AT, updated_at=AT)
    number = 0
    for person in population:
        row = Customer.objects.create(
            updated_at=AT, **{k: person[k] for k in ("country", "plan", "city", "born_on", "created_at", "attributes")}
        )
        person["id"] = row.id
        counts = {}
        for name, moment, properties, amount in person["events"]:
            number += 1
            Event.objects.create(
                customer=row, name=name, occurred_at=moment, local_day=moment.astimezone(ZoneInfo(ZONE)).date(),
                received_at=AT,
                properties=properties, amount_minor=amount, source="test", key=f"00000000-0000-0000-0000-{number:012d}",
            )  # fmt: skip
            counts.setdefault(name, []).append(moment)
        for name, moments in counts.items():
            EventAggregate.objects.create(
                customer=row, name=name, count=len(moments), first_at=min(moments), last_at=max(moments)
            )
        for moment, state, total, lines in person["orders"]:
            number += 1
            order = Order.objects.create(
                customer=row, number=str(number), placed_at=moment, total_minor=total, currency="GBP", state=state,
                local_day=moment.astimezone(ZoneInfo(ZONE)).date(),
            )  # fmt: skip
            for sku, _, quantity, price in lines:
                OrderLine.objects.create(order=order, product=products[sku], quantity=quantity, unit_minor=price)
        person["facts"] = None
        if person["orders"] or person["has_facts"]:
            paid = [order for order in person["orders"] if order[1] == "paid"]
            person["facts"] = {
                "order_count": len(paid),
                "revenue_minor": sum(order[2] for order in person["orders"]),
                "last_order_at": max((order[0] for order in person["orders"]), default=None),
            }
            CustomerFacts.objects.create(customer=row, **person["facts"])
        for (topic, channel), state in person["consents"].items():
            Consent.objects.create(customer=row, topic=topics[topic], channel=channel, state=state, changed_at=AT)
        person["segments"] = {segment.id} if person["in_segment"] else set()
        if person["in_segment"]:
            SegmentMembership.objects.create(segment=segment, customer=row, entered_at=AT)
    return segment


def with_segment(node, segment_id):
    if "match" in node:
        return {**node, "rules": [with_segment(rule, segment_id) for rule in node["rules"]]}
    return {**node, "segment": segment_id} if node["type"] == "segment" else node


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="SEGMENT_EXAMPLES" not in os.environ,
)
@given(population=populations, definitions=st.lists(trees, min_size=1, max_size=6), data=st.data())
def test_any_definition_gives_the_set_that_the_oracle_gives(population, definitions, data):
    segment = store(population)
    for raw in definitions:
        definition = with_segment(raw, segment.id)

        found = run.ids(definition, AT)

        expected = oracle.matching(definition, population, AT, ZoneInfo(ZONE))
        assert sorted(found) == sorted(expected), definition
        assert run.count(definition, AT) == len(expected)
        some = data.draw(st.lists(st.sampled_from([person["id"] for person in population]), unique=True))
        assert set(run.ids(definition, AT, some)) == expected & set(some), definition
        assert set(run.matching(definition, AT).values_list("id", flat=True)) == expected
        assert parse(dump(parse(definition))) == parse(definition)


@pytest.mark.parametrize(
    ("match", "op", "value", "expected"),
    [
        ("none", "is", 0, {"Buyer"}),
        ("none", "at_least", 1, {"Stranger", "Visitor"}),
        ("all", "is", 0, {"Stranger", "Visitor"}),
        ("any", "at_most", 0, {"Stranger", "Visitor"}),
        ("none", "not_empty", None, set()),
    ],
)
def test_a_customer_without_a_row_has_the_missing_value(match, op, value, expected):
    for name, facts in (("Stranger", None), ("Visitor", 0), ("Buyer", 2)):
        row = Customer.objects.create(first_name=name, created_at=AT, updated_at=AT)
        if facts is not None:
            CustomerFacts.objects.create(customer=row, order_count=facts)
    rule = {"type": "field", "field": "customer.order_count", "op": op} | ({} if value is None else {"value": value})
    plain = {"type": "field", "field": "customer.first_name", "op": "not_empty"}

    alone = run.matching({"match": match, "rules": [rule]}, AT)
    beside = run.matching({"match": "all", "rules": [plain, {"match": match, "rules": [rule]}]}, AT)

    assert set(alone.values_list("first_name", flat=True)) == expected
    assert set(beside.values_list("first_name", flat=True)) == expected


def test_events_after_the_moment_do_not_exist_yet():
    row = Customer.objects.create(first_name="Ana", created_at=AT, updated_at=AT)
    for number, moment in enumerate([AT - timedelta(days=1), AT + timedelta(days=1)]):
        Event.objects.create(
            customer=row,
            name="page.viewed",
            occurred_at=moment,
            local_day=moment.date(),
            received_at=AT,
            source="test",
            key=f"00000000-0000-0000-0000-{number:012d}",
        )
    EventAggregate.objects.create(
        customer=row, name="page.viewed", count=2, first_at=AT - timedelta(days=1), last_at=AT + timedelta(days=1)
    )

    def found(**parts):
        return run.ids({"match": "all", "rules": [{"name": "page.viewed", **parts}]}, AT) == [row.id]

    assert found(type="event", op="at_least", count=1)
    assert not found(type="event", op="at_least", count=2)
    assert found(type="event", op="at_least", count=1, within={"days": 2})
    assert found(type="event_time", which="last", op="in_last", value=2)
    assert not found(type="event_time", which="last", op="in_next", value=2)
