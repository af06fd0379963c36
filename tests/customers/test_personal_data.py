"""Export, erasure and merge of a person's rows; variables for messages; segment fields."""

import pytest

from customers.actions import consent, personal_data, timeline
from customers.models import Consent, Customer, CustomerFacts, Event, EventAggregate, Order, Suppression, Topic
from customers.ports import fields, merge
from customers.ports.merge import MergeContext
from tests.customers.imports.test_run import CUSTOMERS, ORDERS, take
from tests.factories import imports

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(tmp_path, at):
    imports.account()
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)
    while timeline.process_batch(at=at):
        pass
    return [Customer.objects.get(external_id=name) for name in ("1", "2")]


def test_export_holds_every_table(company):
    alice, _ = company

    tables = personal_data.export(alice.id)

    assert tables["customer"][0]["email"] == "alice@example.com"
    assert [row["number"] for row in tables["order"]] == ["A1"]
    assert len(tables["order_lines"]) == 2
    assert {row["name"] for row in tables["event"]} == {"customer.created", "order.placed"}


def test_erase_leaves_sums_and_a_block(company, at):
    alice, bob = company
    revenue = sum(Order.objects.values_list("total_minor", flat=True))

    personal_data.erase(alice.id, at)

    alice.refresh_from_db()
    assert (alice.email, alice.phone, alice.name, alice.external_id, alice.attributes) == ("", "", "", None, {})
    assert sum(Order.objects.values_list("total_minor", flat=True)) == revenue
    assert set(Suppression.objects.values_list("channel", "reason", "customer")) == {
        ("email", "erased", None),
        ("sms", "erased", None),
    }
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


def test_merge_moves_rows_and_adds_counters_up(company, at):
    alice, bob = company
    topic = Topic.objects.create(slug="news", name="News")
    for customer, state in ((alice, "granted"), (bob, "denied")):
        consent.set_consent([customer.id], topic=topic, channel="email", state=state, source="x", wording="", at=at)
    while timeline.process_batch(at=at):
        pass
    count = Event.objects.count()

    personal_data.merge(bob.id, alice.id, at)

    assert Event.objects.filter(customer=alice).count() == count
    facts = CustomerFacts.objects.get(customer=alice)
    assert (facts.order_count, facts.revenue_minor, facts.event_count) == (2, 2127, count)
    assert EventAggregate.objects.get(customer=alice, name="order.placed").count == 2
    assert CustomerFacts.objects.filter(customer=bob).count() == 0
    assert Consent.objects.filter(customer=alice).count() == 1


def test_message_variables_of_a_batch(company, at, django_assert_num_queries):
    ids = [customer.id for customer in company]

    with django_assert_num_queries(1):
        people = merge.get("customer").fetch(ids, MergeContext(at, "preview"))
    orders = merge.get("order").fetch(ids, MergeContext(at, "preview"))

    alice = people[ids[0]]
    assert (alice["first_name"], alice["country"], alice["attributes"]["shoe_size"]) == ("Alice", "United Kingdom", 38)
    assert orders[ids[0]] == {"last_number": "A1", "last_on": "2026-01-10", "count": 1}
    for key, values in (("customer", alice), ("order", orders[ids[0]])):
        assert set(values) == {variable.name for variable in merge.get(key).variables}


def test_every_field_can_be_read(company):
    for field in fields.all():
        if field.key.startswith("customer."):
            list(field.rows().values_list(field.customer, field.value)[:1])
            if field.choices:
                assert all(len(choice) == 2 for choice in field.choices())
