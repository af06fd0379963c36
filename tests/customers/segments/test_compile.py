"""The compiler against the oracle: random definitions over random histories, on whichever engine runs the tests.

Hypothesis makes and shrinks a few small cases here; `test_zoo` runs thousands of larger ones.
"""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer, CustomerFacts, Event, EventAggregate
from customers.segments.queries import run
from tests.customers.segments import judge, trees, worlds

pytestmark = pytest.mark.django_db
AT = worlds.utc("2026-03-28T12:00")  # the night before the clocks change in London
EXAMPLES = int(os.environ.get("SEGMENT_EXAMPLES", "500")) // 20


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="SEGMENT_EXAMPLES" not in os.environ,
)
@given(dice=st.randoms(use_true_random=False))
def test_any_definition_gives_the_set_that_the_oracle_gives(dice):
    world = worlds.world(dice, 2)
    segments = worlds.store(world)
    for definition in trees.some(dice, world, segments, 2):
        some = [one["id"] for one in world.people if dice.randrange(2)]

        assert judge.differ(definition, world, some) == "", definition


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
