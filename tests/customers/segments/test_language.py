"""The language of segments by hand-made examples: one small history per kind of condition, edges included."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from customers.models import (
    Brand,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    Order,
    OrderLine,
    Product,
    Segment,
    SegmentChange,
)
from customers.segments.queries import boundaries, describe, explain, run
from customers.segments.rules.parse import BadDefinition, parse

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
ZONE = "Europe/London"
numbers = count(1)
H, D = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def london():
    Brand.objects.update_or_create(pk=1, defaults={"timezone": ZONE, "currency": "GBP"})


def person(name, *events, **fields):
    """A customer with events (name, time before AT, properties, amount) and the running counts the timeline keeps."""
    row = Customer.objects.create(first_name=name, created_at=AT, updated_at=AT, **fields)
    seen = {}
    for what, ago, *rest in events:
        moment = AT - ago
        properties, amount = (*rest, None, None)[:2]
        Event.objects.create(
            customer=row, name=what, occurred_at=moment, local_day=moment.date(), received_at=AT, source="test",
            properties=properties or {}, amount_minor=amount, key=f"00000000-0000-0000-0000-{next(numbers):012d}",
        )  # fmt: skip
        seen.setdefault(what, []).append(moment)
    for what, moments in seen.items():
        EventAggregate.objects.create(
            customer=row, name=what, count=len(moments), first_at=min(moments), last_at=max(moments)
        )
    return row


def order(row, ago, total, *lines):
    moment = AT - ago
    made = Order.objects.create(
        customer=row,
        number=str(next(numbers)),
        placed_at=moment,
        local_day=moment.date(),
        total_minor=total,
        currency="GBP",
    )
    for sku, quantity, price in lines:
        product, _ = Product.objects.get_or_create(sku=sku, defaults={"category": sku[0]})
        OrderLine.objects.create(order=made, product=product, quantity=quantity, unit_minor=price)
    return made


def group(*rules, match="all"):
    return {"match": match, "rules": list(rules)}


def who(rule, at=AT):
    found = set(run.matching(group(rule), at).values_list("first_name", flat=True))
    everybody = set(Customer.objects.values_list("first_name", flat=True))
    assert set(run.matching(group(rule, match="none"), at).values_list("first_name", flat=True)) == everybody - found
    ids = list(Customer.objects.values_list("id", flat=True))
    assert {Customer.objects.get(pk=pk).first_name for pk in run.ids(group(rule), at, ids)} == found
    return found


def test_hours_count_exact_minutes_to_the_moment_with_both_ends():
    person("on the edge", ("seen", 48 * H))
    person("outside", ("seen", 48 * H + timedelta(seconds=1)))
    person("now", ("seen", 0 * H))

    rule = {"type": "event", "name": "seen", "op": "at_least", "count": 1, "within": {"hours": 48}}

    assert who(rule) == {"on the edge", "now"}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 0, {"none"}), (0, 1, {"none", "one"}), (1, 2, {"one", "two"}), (2, 2, {"two"}), (3, 9, {"three"})],
)
@pytest.mark.parametrize("within", [None, {"days": 30}])
def test_between_counts_include_both_ends(low, high, expected, within):
    for name, times in (("none", 0), ("one", 1), ("two", 2), ("three", 3)):
        person(name, *[("seen", D * n) for n in range(times)])
    rule = {"type": "event", "name": "seen", "op": "between", "count": [low, high]}

    assert who(rule | ({"within": within} if within else {})) == expected


def days(offset, clock=0):
    return AT.replace(hour=clock) + D * offset


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("days_ago", 0, {"today"}),
        ("in_days", 0, {"today"}),
        ("days_ago", 3, {"three ago"}),
        ("in_days", 2, {"in two"}),
        ("anniversary_on", 0, {"a year ago"}),
        ("anniversary_on", 1, {"a year ago tomorrow"}),
    ],
)
def test_exact_days_and_anniversaries_of_dates(op, value, expected):
    today = AT.date()
    for name, day in (
        ("today", today), ("three ago", today - 3 * D), ("in two", today + 2 * D), ("nothing", None),
        ("a year ago", today.replace(year=2025)), ("a year ago tomorrow", (today + D).replace(year=2025)),
    ):  # fmt: skip
        person(name, born_on=day)

    assert who({"type": "field", "field": "customer.born_on", "op": op, "value": value}) == expected


def test_a_leap_day_is_kept_on_the_28th_in_other_years():
    person("leap", born_on=datetime(2024, 2, 29).date())
    rule = {"type": "field", "field": "customer.born_on", "op": "anniversary_on", "value": 2}

    assert who(rule, at=datetime(2026, 2, 26, 12, tzinfo=UTC)) == {"leap"}
    assert who(rule, at=datetime(2028, 2, 26, 12, tzinfo=UTC)) == set()
    assert who(rule, at=datetime(2028, 2, 27, 12, tzinfo=UTC)) == {"leap"}


def test_exactly_one_day_ago_is_the_local_day_even_when_it_has_23_hours():
    """Clocks in London go forward on 29 March 2026: that day begins at 0:00 UTC and ends at 23:00 UTC."""
    person("last minute", ("seen", AT - datetime(2026, 3, 29, 22, 59, tzinfo=UTC)))
    person("next day", ("seen", AT - datetime(2026, 3, 29, 23, 0, tzinfo=UTC)))
    rule = {"type": "event_time", "name": "seen", "which": "last", "op": "days_ago", "value": 1}

    assert who(rule, at=datetime(2026, 3, 30, 12, tzinfo=UTC)) == {"last minute"}


def measure(kind, op, value=None, **parts):
    found = {"type": "event_measure", "name": "bought", "measure": kind, "property": "weight", "op": op, "value": value}
    return {key: part for key, part in (found | parts).items() if part is not None}


def test_measures_of_a_property_are_exact_and_ignore_what_is_no_number():
    person("tenths", ("bought", D, {"weight": "0.1"}), ("bought", D, {"weight": 0.2}), ("bought", D, {"weight": "heavy"}))
    person("negative", ("bought", D, {"weight": -0.5}), ("bought", D, {"weight": "1.25"}))
    person("words", ("bought", D, {"weight": "heavy"}))
    person("nobody")

    assert who(measure("sum", "is", 0.3)) == {"tenths"}
    assert who(measure("sum", "more", 0.3)) == {"negative"}
    assert who(measure("sum", "is", 0)) == {"words", "nobody"}
    assert who(measure("sum", "between", [0.3, 0.75])) == {"tenths", "negative"}
    assert who(measure("avg", "is", 0.15)) == {"tenths"}
    assert who(measure("avg", "is_not", 0.15)) == {"negative", "words", "nobody"}
    assert who(measure("avg", "empty")) == {"words", "nobody"}
    assert who(measure("min", "less", 0)) == {"negative"}
    assert who(measure("max", "at_least", 0.2)) == {"tenths", "negative"}
    assert who(measure("distinct", "is", 3)) == {"tenths"}
    assert who(measure("distinct", "is", 0)) == {"nobody"}


def test_measures_of_the_amount_are_money_and_look_at_the_window_and_the_properties():
    person(
        "a", ("bought", D, {"kind": "x"}, 100), ("bought", D, {"kind": "y"}, 201), ("bought", 40 * D, {"kind": "x"}, 900)
    )
    person("free", ("bought", D, {"kind": "x"}))

    month = {"property": "amount", "within": {"days": 30}}
    assert who(measure("sum", "is", 301, **month)) == {"a"}
    assert who(measure("avg", "more", 150, **month)) == {"a"}
    assert who(measure("avg", "at_most", 150, **month)) == set()
    assert who(measure("max", "is", 100, **month, where=[{"property": "kind", "op": "is", "value": "x"}])) == {"a"}
    assert who(measure("sum", "less", 50, property="amount")) == {"free"}


def test_the_number_of_days_counts_local_days():
    person("twice a day", ("bought", H), ("bought", 2 * H))
    person("two days", ("bought", H), ("bought", D + H))

    rule = {"type": "event_measure", "name": "bought", "measure": "days", "op": "at_least", "value": 2}

    assert who(rule) == {"two days"}


def steps(*items, op="did", **parts):
    made = [{"name": item} if isinstance(item, str) else item for item in items]
    return {"type": "sequence", "steps": made, "op": op, **parts}


def gap(name, did=True, **within):
    return {"name": name, "did": did, "within": within} if within else {"name": name, "did": did}


def test_a_sequence_holds_for_any_choice_of_events_not_only_the_first():
    person("later pair", ("cart", 50 * H), ("cart", 10 * H), ("paid", 9 * H))
    person("too late", ("cart", 50 * H), ("paid", 9 * H))
    person("wrong way", ("paid", 50 * H), ("cart", 49 * H))
    person("only one", ("cart", 2 * H))

    assert who(steps("cart", gap("paid", hours=2))) == {"later pair"}
    assert who(steps("cart", "paid")) == {"later pair", "too late"}
    assert who(steps("cart", "paid", op="did_not")) == {"wrong way", "only one"}
    assert who(steps("cart", "paid", within={"hours": 20})) == {"later pair"}


def test_ends_of_a_gap_count_and_equal_moments_follow_the_order_of_arrival():
    person("exactly", ("cart", 3 * H), ("paid", H))
    person("a second more", ("cart", 3 * H + timedelta(seconds=1)), ("paid", H))
    person("same moment", ("cart", H), ("paid", H))
    person("same, other way", ("paid", H), ("cart", H))

    assert who(steps("cart", gap("paid", hours=2))) == {"exactly", "same moment"}
    assert who(steps("cart", gap("paid", minutes=121))) == {"exactly", "a second more", "same moment"}
    assert who(steps("cart", "paid")) == {"exactly", "a second more", "same moment"}


def test_an_event_never_follows_itself():
    person("once", ("cart", H))
    person("twice", ("cart", 2 * H), ("cart", H))

    assert who(steps("cart", "cart")) == {"twice"}
    assert who(steps("cart", gap("cart", hours=1))) == {"twice"}
    assert who(steps("cart", "cart", gap("cart", hours=9))) == set()
    assert who(steps("cart", gap("cart", did=False))) == {"once", "twice"}


def test_not_followed_holds_only_once_the_time_has_fully_passed():
    person("waiting", ("cart", 23 * H))
    person("due", ("cart", 24 * H))
    person("in time", ("cart", 30 * H), ("paid", 6 * H))
    person("too late", ("cart", 30 * H), ("paid", 6 * H - timedelta(seconds=1)))

    assert who(steps("cart", gap("paid", did=False, hours=24))) == {"due", "too late"}
    assert who(steps("cart", gap("paid", did=False))) == {"waiting", "due"}
    assert who(steps("cart", gap("paid", did=False), within={"hours": 23})) == {"waiting"}


def test_four_steps_with_conditions_and_a_shared_property():
    def story(*orders):
        names = ("placed", "packed", "shipped", "rated")
        return [
            (name, (9 - n) * H, {"order_id": o, "by": "ups"}) for n, (name, o) in enumerate(zip(names, orders, strict=True))
        ]

    person("one order", *story("7", "7", "7", "7"))
    person("as a number", *story("7", 7, 7, "7"))
    person("two orders", *story("7", "7", "8", "7"))
    person("no order", *story("", "", "", ""))
    shipped = {"name": "shipped", "where": [{"property": "by", "op": "is", "value": "ups"}], "within": {"minutes": 60}}

    assert who(steps("placed", "packed", shipped, "rated", join="order_id")) == {"one order", "as a number"}
    assert who(steps("placed", "packed", shipped, "rated")) == {"one order", "as a number", "two orders", "no order"}
    other = shipped | {"where": [{"property": "by", "op": "is", "value": "dhl"}]}
    assert who(steps("placed", "packed", other, "rated")) == set()
    assert who(steps("placed", "packed", gap("rated", did=False, hours=1), join="order_id")) == {
        "one order", "as a number", "two orders",
    }  # fmt: skip


def test_events_after_the_moment_belong_to_no_sequence():
    person("tomorrow", ("cart", H), ("paid", -H))
    person("both ahead", ("cart", -H), ("paid", -2 * H))

    assert who(steps("cart", "paid")) == set()
    assert who(steps("cart", gap("paid", did=False))) == {"tomorrow"}
    assert who(steps("cart", "paid"), at=AT + 3 * H) == {"tomorrow", "both ahead"}


def test_messages_are_asked_by_sender_and_channel():
    person("summer", ("message.opened", D, {"source_kind": "campaign", "source_id": 12, "channel": "email"}))
    person("journey", ("message.opened", D, {"source_kind": "journey", "source_id": 12, "channel": "sms"}))
    person("silent", ("message.sent", D, {"source_kind": "campaign", "source_id": 12, "channel": "email"}))
    opened = {"type": "message", "did": "opened", "op": "at_least", "count": 1}

    assert who(opened) == {"summer", "journey"}
    assert who(opened | {"source": "campaign:12"}) == {"summer"}
    assert who(opened | {"channel": "sms", "within": {"days": 2}}) == {"journey"}
    assert who({"type": "message", "did": "opened", "op": "never"}) == {"silent"}


def orders_rule(measure, op, value=None, **parts):
    found = {"type": "orders", "measure": measure, "op": op, **parts}
    return found if value is None else found | {"value": value}


def test_orders_by_average_largest_products_and_times():
    two, one, none = person("two"), person("one"), person("none")
    order(two, 5 * D, 1000, ("mug", 1, 400), ("rose", 2, 300))
    order(two, 2 * D, 501, ("mug", 1, 501))
    order(one, 40 * D, 5000, ("pan", 1, 5000))
    for row, number in ((two, 2), (one, 1), (none, 0)):
        CustomerFacts.objects.create(customer=row, order_count=number)

    assert who(orders_rule("average", "more", 750)) == {"two", "one"}
    assert who(orders_rule("average", "at_most", 750)) == set()
    assert who(orders_rule("average", "empty")) == {"none"}
    assert who(orders_rule("average", "is_not", 5000)) == {"two", "none"}
    assert who(orders_rule("largest", "is", 1000)) == {"two"}
    assert who(orders_rule("largest", "is", 600, product="rose")) == {"two"}
    assert who(orders_rule("products", "is", 2)) == {"two"}
    assert who(orders_rule("products", "less", 1, within={"days": 30})) == {"one", "none"}
    assert who(orders_rule("products", "is", 2, product=["pan", "mug", "rose"])) == {"two"}
    assert who(orders_rule("count", "at_least", 1, product=["pan", "rose"])) == {"two", "one"}
    assert who(orders_rule("count", "is", 2, category=["m", "r"])) == {"two"}
    assert who(orders_rule("first_at", "days_ago", 5)) == {"two"}
    assert who(orders_rule("last_at", "more_ago", 30)) == {"one"}
    assert who(orders_rule("last_at", "days_ago", 5, product="rose")) == {"two"}
    assert who(orders_rule("first_at", "empty", within={"days": 30})) == {"one", "none"}


def test_a_share_from_a_to_b_is_what_b_holds_beyond_a():
    for number in range(300):
        person(f"n{number}")
    share = lambda **parts: who({"type": "random", "salt": "s", **parts})  # noqa: E731

    assert share(**{"from": 20, "to": 50}) == share(percent=50) - share(percent=20)
    assert share(**{"from": 0, "to": 20}) == share(percent=20)
    assert share(**{"from": 80, "to": 100}) == share(**{"from": 0, "to": 100 - 1}) ^ share(percent=80) | share(
        **{"from": 99, "to": 100}
    )


def test_entered_and_left_look_at_the_history_whatever_came_after():
    segment = Segment.objects.create(name="Gold", slug="gold", created_at=AT, updated_at=AT)

    def change(name, *moves):
        row = person(name)
        for entered, ago in moves:
            SegmentChange.objects.create(
                segment=segment, customer=row, entered=entered, version=1, changed_at=AT - ago
            )  # fmt: skip

    change("in and out", (True, 30 * H), (False, 2 * H))
    change("long ago", (True, 90 * D))
    person("never")
    rule = {"type": "segment", "segment": segment.pk}

    assert who(rule | {"op": "entered", "within": {"hours": 30}}) == {"in and out"}
    assert who(rule | {"op": "left", "within": {"days": 1}}) == {"in and out"}
    assert who(rule | {"op": "entered", "within": {"hours": 29}}) == set()
    assert who(rule | {"op": "entered", "within": {"days": 90}}) == {"in and out", "long ago"}


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("2026-03-28T12:00:00Z", True), ("2026-03-28T13:00:00+01:00", True), ("2026-03-28 04:00-08:00", True),
        ("2026-03-28T12:00:00.000000Z", True), ("2026-03-28T12:00:00.0000019Z", False), ("2026-03-28T12:00:00", False),
        ("2026-02-30T12:00:00Z", False), ("2026-03-28T25:00:00Z", False), ("soon", False), (5, False), (None, False),
    ],
)  # fmt: skip
def test_an_attribute_tells_a_moment_with_its_offset(text, is_told):
    """Between one second before and exactly AT: what is told is there, a microsecond later is not."""
    person("x", attributes={"call": text})
    rule = {"type": "attribute", "key": "call", "as": "datetime", "op": "in_last", "value": 0}

    assert who(rule) == ({"x"} if is_told else set())


def test_a_bare_day_in_an_attribute_is_its_local_midnight():
    """In London the 30th of March 2026 begins at 23:00 UTC of the 29th."""
    person("day", attributes={"call": "2026-03-30"})
    person("no day", attributes={"call": "2026-02-30"})
    rule = {"type": "attribute", "key": "call", "as": "datetime"}
    midnight = datetime(2026, 3, 29, 23, 0, tzinfo=UTC)

    assert who(rule | {"op": "in_last", "value": 0}, at=midnight) == {"day"}
    assert who(rule | {"op": "in_last", "value": 1}, at=midnight - timedelta(seconds=1)) == set()
    assert who(rule | {"op": "more_ago", "value": 0}, at=midnight + timedelta(seconds=1)) == {"day"}
    assert who(rule | {"op": "on", "value": "2026-03-30"}) == {"day"}
    assert who(rule | {"op": "in_days", "value": 2}) == {"day"}
    assert who(rule | {"op": "anniversary_on", "value": 0}, at=midnight + 365 * D) == {"day"}
    assert who(rule | {"op": "not_empty"}) == {"day"}


def test_rules_eight_deep_are_one_statement_that_both_engines_can_read():
    person("once", ("seen", H, {"by": "x"}))
    person("never")
    tree = {
        "type": "event",
        "name": "seen",
        "op": "at_least",
        "count": 1,
        "where": [{"property": "by", "op": "is", "value": "x"}],
    }
    for level in range(8):
        other = {"type": "orders", "measure": "average", "op": "more", "value": level, "product": ["a", "b"]}
        tree = group(tree, other, match="none" if level % 2 else "any")

    assert set(run.matching(tree, AT).values_list("first_name", flat=True)) == {"once"}


@pytest.mark.parametrize("match", ["all", "any", "none"])
def test_a_hundred_conditions_are_one_statement_that_both_engines_can_run(match):
    person("often", *[("seen", H * n, {"by": str(n)}) for n in range(1, 101)])
    person("never")
    rules = [
        {
            "type": "event",
            "name": "seen",
            "op": "at_least",
            "count": 1,
            "where": [{"property": "by", "op": "is", "value": str(n)}],
        }
        for n in range(1, 101)
    ]

    found = set(run.matching(group(*rules, match=match), AT).values_list("first_name", flat=True))

    assert found == ({"never"} if match == "none" else {"often"})


def test_gaps_are_exact_to_the_microsecond():
    tiny = timedelta(microseconds=1)
    person("exactly", ("cart", 2 * H + tiny), ("paid", H + tiny))
    person("a tick more", ("cart", 2 * H + tiny), ("paid", H))

    assert who(steps("cart", gap("paid", hours=1))) == {"exactly"}


def test_a_preview_counts_and_gives_a_few():
    for number in range(30):
        person(f"n{number}", ("seen", H))
    rule = group({"type": "event", "name": "seen", "op": "at_least", "count": 1})

    found = run.preview(rule, AT, size=5)

    assert found.count == 30
    assert len(set(found.ids)) == 5
    assert set(found.ids) <= set(run.ids(rule, AT))
    nothing = run.preview(group({"type": "event", "name": "no.such", "op": "at_least", "count": 1}), AT)
    assert (nothing.count, nothing.ids) == (0, [])


@pytest.mark.parametrize(
    ("rule", "sentence", "value"),
    [
        (steps("cart", gap("paid", did=False, hours=24), within={"days": 7}),
         "“cart” in the last 7 days, then not “paid” within 1 day", "1 of 2 steps"),
        (steps("cart", gap("paid", minutes=90), join="order_id", op="did_not"),
         "Did not do this: “cart”, then “paid” within 90 minutes, all with the same order_id", "1 of 2 steps"),
        ({"type": "event", "name": "cart", "op": "between", "count": [1, 3], "within": {"hours": 5}},
         "“cart” between 1 and 3 times in the last 5 hours", "once, last 2026-03-28 11:00"),
        ({"type": "event_measure", "name": "cart", "measure": "avg", "property": "amount", "op": "more", "value": 999},
         "Average of amount of “cart” is more than £9.99", "£12.50"),
        ({"type": "event_measure", "name": "cart", "measure": "days", "op": "at_least", "value": 2},
         "Number of different days of “cart” is at least 2", "1"),
        ({"type": "message", "did": "opened", "op": "never", "channel": "email"}, "Never: Opened any message by E-mail", "never"),
        (orders_rule("average", "empty"), "Average order value is empty", "nothing"),
        (orders_rule("count", "at_least", 1, product=["a", "b"]), "Number of orders of a or b is at least 1", "0"),
        ({"type": "field", "field": "customer.born_on", "op": "days_ago", "value": 0}, "Birthday is today", "nothing"),
        ({"type": "attribute", "key": "call", "as": "datetime", "op": "days_ago", "value": 3},
         "call was exactly 3 days ago", "nothing"),
    ],
)  # fmt: skip
def test_conditions_say_in_one_sentence_what_they_ask_and_what_they_saw(rule, sentence, value):
    row = person("x", ("cart", H, {}, 1250))

    line = explain(group(rule), row.pk, AT).rules[0]

    assert describe(group(rule)) == sentence
    assert (line.text, line.value) == (sentence, value)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (steps("cart"), "rules › 1 › steps"),
        (steps("cart", gap("paid", did=False), "sent"), "rules › 1 › steps › 2 › did"),
        (steps(gap("cart", hours=1), "paid"), "rules › 1 › steps › 1 › within"),
        (steps("cart", gap("paid", weeks=1)), "rules › 1 › steps › 2 › within"),
        (steps("cart", "paid", join="a'b"), "rules › 1 › join"),
        (steps("cart", {"name": "paid", "where": [{"property": "x", "op": "is"}]}), "rules › 1 › steps › 2 › where › 1 › value"),
        ({"type": "event", "name": "a", "op": "between", "count": [3, 1]}, "rules › 1 › count"),
        ({"type": "event", "name": "a", "op": "between", "count": 3}, "rules › 1 › count"),
        ({"type": "event", "name": "a", "op": "never", "within": {"hours": 8761}}, "rules › 1 › within › hours"),
        ({"type": "event", "name": "a", "op": "never", "within": {"hours": 1, "days": 1}}, "rules › 1 › within"),
        ({"type": "message", "did": "read", "op": "never"}, "rules › 1 › did"),
        ({"type": "message", "did": "sent", "op": "never", "source": "campaign:x"}, "rules › 1 › source"),
        ({"type": "random", "from": 0, "to": 100}, "rules › 1 › to"),
        ({"type": "random", "from": 5, "to": 5}, "rules › 1 › to"),
        ({"type": "random", "percent": 5, "to": 5}, "rules › 1 › percent"),
        ({"type": "segment", "segment": 1, "op": "in", "within": {"days": 1}}, "rules › 1 › within"),
        (orders_rule("total", "empty"), "rules › 1 › op"),
        (orders_rule("count", "is", 1, product=[]), "rules › 1 › product"),
        (measure("days", "is", 1), "rules › 1 › property"),
        (measure("sum", "is", 1.5, property="amount"), "rules › 1 › value"),
        ({"type": "field", "field": "customer.born_on", "op": "anniversary_on", "value": 367}, "rules › 1 › value"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(rule, place):
    with pytest.raises(BadDefinition) as caught:
        parse(group(rule))

    assert [str(mistake).partition(": ")[0] for mistake in caught.value.mistakes] == [place]


@pytest.mark.parametrize(
    ("rule", "events", "fields"),
    [
        (steps("cart", gap("paid", did=False, hours=24)), [("cart", 23 * H)], {}),
        (steps("cart", "paid", within={"hours": 24}), [("cart", 23 * H), ("paid", H)], {}),
        ({"type": "event", "name": "cart", "op": "between", "count": [1, 2], "within": {"hours": 24}}, [("cart", 23 * H)], {}),
        (measure("sum", "is", 4, name="cart", within={"days": 1}), [("cart", 23 * H, {"weight": 4})], {}),
        ({"type": "event_time", "name": "cart", "which": "last", "op": "days_ago", "value": 1}, [("cart", H)], {}),
        ({"type": "field", "field": "customer.born_on", "op": "in_days", "value": 2}, [],
         {"born_on": datetime(2026, 3, 31).date()}),
        ({"type": "attribute", "key": "call", "as": "datetime", "op": "more_ago", "value": 1}, [],
         {"attributes": {"call": "2026-03-27T20:00:00Z"}}),
        ({"type": "attribute", "key": "call", "as": "datetime", "op": "in_last", "value": 1}, [],
         {"attributes": {"call": "2026-03-29"}}),
    ],
)  # fmt: skip
def test_whoever_changes_because_time_passes_is_among_the_candidates(rule, events, fields):
    row = person("moves", *events, **fields)
    until = AT + 13 * H
    assert run.ids(group(rule), AT) != run.ids(group(rule), until)

    found = boundaries.candidates(parse(group(rule)), AT, until)

    assert boundaries.has_windows(parse(group(rule)))
    assert found.ids == {row.pk}
    assert not found.everybody
