"""Events, subscriptions, consents and points balances from files: what rows become, and that a second run changes nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from customers.actions import consent
from customers.enums import SuppressionReason
from customers.imports.actions import run
from customers.models import (
    Consent,
    ConsentChange,
    Customer,
    Event,
    ExchangeRate,
    Identity,
    MrrMovement,
    Order,
    Product,
    Subscription,
    SubscriptionChange,
    Suppression,
    Topic,
    TrackedEvent,
)
from loyalty.models import Account, Entry
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


def take(tmp_path, kind, text, at, **options):
    path = tmp_path / f"{kind}.csv"
    path.write_text(text)
    return run.run_file(kind, path, at=at, **options)


def counts(outcome):
    return outcome.created, outcome.updated, outcome.unchanged, len(outcome.problems)


def reasons(outcome):
    return [(problem.line, problem.column, problem.reason) for problem in outcome.problems]


@pytest.fixture(autouse=True)
def alice(at):
    imports.account()
    people.bob(external_id="2")
    return people.alice(external_id="1")


EVENTS = (
    "customer_id,email,name,occurred_at,amount,properties.score,properties.level,message_id\n"
    "1,,Quiz Finished,2026-01-05T10:00:00,4.50,7,hard,m1\n"
    ",bob@example.com,Quiz Finished,2026-01-05T10:00:00,,9,easy,\n"
)


def test_events_file_becomes_events(tmp_path, at, alice):
    outcome = take(tmp_path, "events", EVENTS, at)
    again = take(tmp_path, "events", EVENTS, at + timedelta(days=1))

    assert (counts(outcome), counts(again)) == ((2, 0, 0, 0), (0, 0, 2, 0))
    event = Event.objects.get(customer=alice)
    assert (event.name, event.amount_minor, event.currency, event.source) == ("Quiz Finished", 450, "GBP", "import")
    assert event.properties == {"score": 7, "level": "hard"}
    assert event.occurred_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_events_with_the_same_contents_count_once_and_others_each(tmp_path, at):
    text = "customer_id,name,occurred_at,properties.n\n" + "1,Seen,2026-01-05,1\n" * 3 + "1,Seen,2026-01-05,2\n"

    outcome = take(tmp_path, "events", text, at)

    assert counts(outcome) == (2, 0, 2, 0)


def test_events_that_cannot_be_taken_are_problems(tmp_path, at):
    TrackedEvent.objects.create(name="Secret", status="blocked")
    cache.clear()
    text = (
        "customer_id,email,name,occurred_at,properties\n"
        "1,,order.placed,2026-01-05,\n"
        "9,,Seen,2026-01-05,\n"
        ",nobody@example.com,Seen,2026-01-05,\n"
        "1,,Seen,2199-01-05,\n"
        '1,,Seen,2026-01-05,"[1]"\n'
        "1,,Secret,2026-01-05,\n"
        f"1,,{'x' * 81},2026-01-05,\n"
        "1,,Seen,yesterday,\n"
    )

    outcome = take(tmp_path, "events", text, at)

    assert Event.objects.count() == 0
    found = {line: (column, reason) for line, column, reason in reasons(outcome)}
    assert [found[line][0] for line in range(2, 10)] == [
        "name", "customer_id", "email", "occurred_at", "properties", "name", "name", "occurred_at",
    ]  # fmt: skip
    assert "records itself" in found[2][1]
    assert "Import the customers first" in found[3][1]
    assert "future" in found[5][1]
    assert "JSON object" in found[6][1]
    assert "blocked" in found[7][1]


def test_address_of_two_customers_names_nobody(tmp_path, at):
    Customer.objects.create(email="bob@example.com", created_at=at, updated_at=at)

    outcome = take(tmp_path, "events", "email,name,occurred_at\nbob@example.com,Seen,2026-01-05\n", at)

    assert "several customers" in reasons(outcome)[0][2]


def test_former_external_id_leads_to_the_customer(tmp_path, at, alice):
    Identity.objects.create(kind="external", value="old-1", customer=alice, linked_at=at)

    take(tmp_path, "events", "customer_id,name,occurred_at\nold-1,Seen,2026-01-05\n", at)

    assert Event.objects.get(name="Seen").customer == alice


SUBSCRIPTIONS = (
    "reference,customer_id,status,plan,quantity,price,interval,started_at,renews_on,ended_at\n"
    "S1,1,active,Team,3,120.00,year,2025-06-01,2026-06-01,\n"
    "S2,2,ended,Solo,1,10,month,2025-01-01,,2025-12-01\n"
)


def test_subscriptions_file_becomes_subscriptions_with_history(tmp_path, at, alice):
    outcome = take(tmp_path, "subscriptions", SUBSCRIPTIONS, at)
    again = take(tmp_path, "subscriptions", SUBSCRIPTIONS, at + timedelta(days=1))

    assert (counts(outcome), counts(again)) == ((2, 0, 0, 0), (0, 0, 2, 0))
    one = Subscription.objects.get(reference="S1")
    assert (one.customer, one.status, one.mrr_minor, one.quantity, one.interval_months) == (alice, "active", 3000, 3, 12)
    assert one.renews_on == date(2026, 6, 1)
    assert Subscription.objects.get(reference="S2").status == "ended"
    assert SubscriptionChange.objects.filter(subscription__reference="S2").count() == 2
    movements = MrrMovement.objects.order_by("local_day").values_list("kind", "amount_minor")
    assert list(movements) == [("new", 1000), ("new", 3000), ("churn", -1000)]


def test_subscriptions_that_miss_something_are_problems(tmp_path, at):
    text = (
        "reference,customer_id,status,price,interval,started_at,ended_at,currency\n"
        "A,1,lively,1,month,2025-01-01,,\n"
        "B,1,ended,1,month,2025-01-01,,\n"
        "C,1,paused,1,month,2025-01-01,,\n"
        "D,1,active,,month,2025-01-01,,\n"
        "E,1,active,1,fortnight,2025-01-01,,\n"
        "F,1,active,1,month,,,\n"
        "G,1,ended,1,month,2025-01-01,2024-01-01,\n"
        "H,1,active,1,month,2025-01-01,,USD\n"
    )

    outcome = take(tmp_path, "subscriptions", text, at)

    assert Subscription.objects.count() == 0
    assert sorted(reasons(outcome))[0][1] == "status"
    assert {column for _, column, _ in reasons(outcome)} == {
        "status", "ended_at", "", "price", "interval", "started_at", "currency",
    }  # fmt: skip
    assert any("exchange rate" in reason for _, _, reason in reasons(outcome))


def test_subscription_rows_with_changes_are_its_history_in_any_order(tmp_path, at):
    head = "reference,customer_id,status,mrr,changed_at,started_at\n"
    rows = [
        "S,1,active,10,2025-01-01,2025-01-01\n",
        "S,1,active,25,2025-03-01,2025-01-01\n",
        "S,1,ended,25,2025-05-01,2025-01-01\n",
    ]

    take(tmp_path, "subscriptions", head + "".join(reversed(rows)), at)

    assert list(MrrMovement.objects.order_by("local_day").values_list("kind", "amount_minor")) == [
        ("new", 1000), ("expansion", 1500), ("churn", -2500),
    ]  # fmt: skip


@pytest.fixture
def topic():
    return Topic.objects.create(slug="news", name="Newsletter")


CONSENTS = (
    "customer_id,topic,channel,state,changed_at,source,wording\n"
    "1,news,email,granted,2025-06-01T10:00:00,Till in Bath,Yes please\n"
    "2,Newsletter,,denied,2025-06-02,,\n"
)


def test_consents_file_becomes_answers_with_proof(tmp_path, at, alice, topic):
    outcome = take(tmp_path, "consents", CONSENTS, at)
    again = take(tmp_path, "consents", CONSENTS, at + timedelta(days=1))

    assert (counts(outcome), counts(again)) == ((2, 0, 0, 0), (0, 0, 2, 0))
    assert list(Consent.objects.order_by("state").values_list("customer__external_id", "state")) == [
        ("2", "denied"), ("1", "granted"),
    ]  # fmt: skip
    proof = ConsentChange.objects.get(customer=alice)
    assert (proof.source, proof.wording, proof.changed_at) == (
        "Till in Bath", "Yes please", datetime(2025, 6, 1, 9, tzinfo=UTC),
    )  # fmt: skip
    assert proof.wording_digest == consent.digest("Yes please")
    assert Event.objects.get(name="consent.granted").occurred_at == proof.changed_at


def test_later_answer_of_the_person_stays(tmp_path, at, alice, topic):
    consent.set_consent([alice.id], topic=topic, channel="email", state="denied", source="preferences", wording="", at=at)

    outcome = take(tmp_path, "consents", CONSENTS, at + timedelta(days=1))

    assert Consent.objects.get(customer=alice).state == "denied"
    assert "later answer stays" in reasons(outcome)[0][2]


def test_later_answer_of_the_file_counts(tmp_path, at, alice, topic):
    before = datetime(2025, 1, 1, tzinfo=UTC)
    consent.set_consent(
        [alice.id], topic=topic, channel="email", state="denied", source="preferences", wording="", at=before
    )

    take(tmp_path, "consents", CONSENTS, at)

    assert Consent.objects.get(customer=alice).state == "granted"
    assert ConsentChange.objects.filter(customer=alice).count() == 2


def test_consent_is_never_guessed(tmp_path, at, topic):
    text = (
        "customer_id,topic,channel,state,changed_at,source,wording\n"
        "1,news,email,maybe,2025-06-01,Till,Yes\n"
        "1,news,email,granted,2025-06-01,,Yes\n"
        "1,news,email,granted,2025-06-01,Till,\n"
        "1,news,email,granted,,Till,Yes\n"
        "1,other,email,granted,2025-06-01,Till,Yes\n"
        "1,news,pigeon,granted,2025-06-01,Till,Yes\n"
        "1,news,email,granted,2190-06-01,Till,Yes\n"
    )

    outcome = take(tmp_path, "consents", text, at)

    assert Consent.objects.count() == ConsentChange.objects.count() == 0
    assert sorted(column for _, column, _ in reasons(outcome)) == sorted(
        ["state", "source", "wording", "changed_at", "topic", "channel", "changed_at"]
    )


def test_blocked_address_stays_blocked_whatever_a_file_grants(tmp_path, at, alice, topic):
    consent.suppress(channel="email", address=alice.email, reason=SuppressionReason.COMPLAINT, at=at)

    take(tmp_path, "consents", CONSENTS, at)

    assert Suppression.objects.get().reason == "complaint"


def test_points_are_given_once(tmp_path, at, alice):
    text = "customer_id,points\n1,240\n2,0\n"

    outcome = take(tmp_path, "points", text, at)
    again = take(tmp_path, "points", text, at + timedelta(days=1))

    assert (counts(outcome), counts(again)) == ((1, 0, 1, 0), (0, 0, 2, 0))
    assert Account.objects.get(customer=alice).active == 240
    entry = Entry.objects.get()
    assert (entry.points, entry.note) == (240, "Balance brought along")


def test_points_that_differ_from_before_are_a_problem(tmp_path, at, alice):
    take(tmp_path, "points", "customer_id,points\n1,240\n", at)

    outcome = take(tmp_path, "points", "customer_id,points,balance_key\n1,300,\n1,50,second\n", at)

    assert counts(outcome) == (1, 0, 0, 1)
    assert "240 points given before" in reasons(outcome)[0][2]
    assert Account.objects.get(customer=alice).active == 290


@pytest.mark.parametrize("cell", ["-5", "1.5", "1,5", "many", "2000000"])
def test_points_are_whole_and_possible(tmp_path, at, cell):
    outcome = take(tmp_path, "points", f'customer_id,points\n1,"{cell}"\n', at)

    assert counts(outcome) == (0, 0, 0, 1)
    assert Entry.objects.count() == 0


ORDER = "order_number,customer_id,placed_at,currency,sku,quantity,unit_price\nA1,1,2026-01-10,USD,MUG,2,5.00\n"


def test_order_of_another_currency_needs_a_rate(tmp_path, at):
    without = take(tmp_path, "orders", ORDER, at)
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.8"))

    outcome = take(tmp_path, "orders", ORDER, at)
    again = take(tmp_path, "orders", ORDER, at)

    assert counts(without) == (0, 0, 0, 1)
    assert "exchange rate" in reasons(without)[0][2]
    assert (counts(outcome), counts(again)) == ((1, 0, 0, 0), (0, 0, 1, 0))
    order = Order.objects.get()
    assert (order.total_minor, order.charged_minor, order.charged_currency) == (800, 1000, "USD")


def test_refund_may_name_its_order_alone(tmp_path, at):
    take(tmp_path, "orders", ORDER.replace("USD", "GBP"), at)

    outcome = take(tmp_path, "refunds", "refund_number,order_number,refunded_at,amount\nR1,A1,2026-01-12,10\n", at)

    assert counts(outcome) == (1, 0, 0, 0)
    assert Order.objects.get().state == "refunded"


def test_order_may_name_its_total(tmp_path, at):
    head = "order_number,email,placed_at,sku,product_name,quantity,unit_price,total\n"
    outcome = take(
        tmp_path, "orders", head + "A1,bob@example.com,2026-01-10,,Mug,2,5.00,13.95\nA1,,2026-01-10,CUP,,1,1,\n", at
    )

    assert counts(outcome) == (1, 0, 0, 0)
    assert Order.objects.get().total_minor == 1395
    assert set(Product.objects.values_list("sku", "name")) == {("Mug", "Mug"), ("CUP", "")}


def test_customers_take_costs_usage_and_other_ids(tmp_path, at):
    text = "email,acquisition_cost,usage_level,persona,anonymous_id\ncarol@example.com,12.50,High,Gardener,anon-1\n"

    take(tmp_path, "customers", text, at)
    again = take(tmp_path, "customers", text, at)

    carol = Customer.objects.get(email="carol@example.com")
    assert (carol.acquisition_cost_minor, carol.usage_level, carol.persona) == (1250, "high", "Gardener")
    assert Identity.objects.get(value="anon-1").customer == carol
    assert counts(again) == (0, 0, 1, 0)
