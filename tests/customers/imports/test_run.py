"""Taking files in: what rows become, that a second run changes nothing, that a kill leaves whole batches."""

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.actions import consent, timeline
from customers.enums import Channel, ImportState, SuppressionReason
from customers.imports.actions import jobs, run, take_customers
from customers.models import (
    Consent,
    Customer,
    CustomerFacts,
    Event,
    ImportJob,
    Order,
    OrderLine,
    Product,
    Refund,
    Suppression,
    Topic,
)
from customers.queries import consent as consents
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


def take(tmp_path, kind, text, at, **options):
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run.run_file(kind, path, at=at, **options)


def counts(outcome):
    return outcome.created, outcome.updated, outcome.unchanged, len(outcome.problems)


@pytest.fixture(autouse=True)
def account():
    return imports.account()


CUSTOMERS = (
    "external_id,email,first_name,country,phone,created_at,renews_on,Shoe size,VIP\n"
    "1,Alice@Example.com,Alice,United Kingdom,020 7946 0018,2025-06-01T10:00:00,2026-12-01,38,yes\n"
    "2,bob@example.com,Bob,DE,+49 30 123456,2025-01-01T10:00:00+02:00,,44.5,no\n"
)


def test_customers_file_becomes_customers(tmp_path, at):
    outcome = take(tmp_path, "customers", CUSTOMERS, at)

    assert counts(outcome) == (2, 0, 0, 0)
    alice = Customer.objects.get(external_id="1")
    assert (alice.email, alice.country, alice.phone) == ("alice@example.com", "GB", "+442079460018")
    assert alice.created_at == datetime(2025, 6, 1, 9, 0, tzinfo=UTC)
    assert alice.renews_on == date(2026, 12, 1)
    assert alice.attributes == {"shoe_size": 38, "vip": True}
    event = Event.objects.get(customer=alice)
    assert (event.name, event.occurred_at, event.source) == ("customer.created", alice.created_at, "import")


def test_customers_file_taken_twice_changes_nothing(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)

    outcome = take(tmp_path, "customers", CUSTOMERS, at + timedelta(days=1))

    assert counts(outcome) == (0, 0, 2, 0)
    assert Event.objects.count() == 2


def test_customers_file_updates_what_differs_and_keeps_what_is_empty(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)

    outcome = take(tmp_path, "customers", "external_id,first_name,country\n1,Alicia,\n", at)

    assert counts(outcome) == (0, 1, 0, 0)
    alice = Customer.objects.get(external_id="1")
    assert (alice.first_name, alice.country, alice.email) == ("Alicia", "GB", "alice@example.com")
    assert Event.objects.get(name="customer.updated").properties == {"fields": "first_name"}


def test_customers_without_external_id_are_recognised_by_address(tmp_path, at):
    outcome = take(
        tmp_path,
        "customers",
        "email,first_name\nalice@example.com,A\nALICE@example.com,Alice\n",
        at,
    )
    adopted = take(tmp_path, "customers", "external_id,email\n77,alice@example.com\n", at)

    assert counts(outcome) == (1, 0, 1, 0)
    assert counts(adopted) == (0, 1, 0, 0)
    assert list(Customer.objects.values_list("external_id", "first_name")) == [("77", "Alice")]


ORDERS = (
    "order_number,customer_id,placed_at,currency,sku,quantity,unit_price,discount\n"
    "A1,1,2026-01-10T12:00:00,GBP,MUG,3,1.255,\n"
    "A1,1,2026-01-10T12:00:00,GBP,CUP,1,10,2.50\n"
    "A2,2,2026-01-11T23:30:00,GBP,MUG,2,5.00,\n"
)


def test_orders_file_becomes_orders_with_lines(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)

    outcome = take(tmp_path, "orders", ORDERS, at)

    assert counts(outcome) == (2, 0, 0, 0)
    order = Order.objects.get(number="A1")
    assert (order.total_minor, order.discount_minor, order.currency) == (377 + 750, 250, "GBP")  # 3 x 1.255 = 3.765 -> 3.77
    assert list(order.lines.order_by("id").values_list("product__sku", "quantity", "unit_minor")) == [
        ("MUG", 3, 126),
        ("CUP", 1, 1000),
    ]
    event = Event.objects.get(name="order.placed", customer=order.customer)
    assert (event.amount_minor, event.currency) == (1127, "GBP")
    assert event.properties == {"order_id": order.id, "number": "A1", "lines": 2}


def test_orders_file_taken_twice_changes_nothing(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)

    outcome = take(tmp_path, "orders", ORDERS, at)

    assert counts(outcome) == (0, 0, 2, 0)
    assert (Order.objects.count(), OrderLine.objects.count(), Event.objects.filter(name="order.placed").count()) == (
        2,
        3,
        2,
    )


def test_orders_with_one_bad_line_are_left_out_whole(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)

    outcome = take(tmp_path, "orders", ORDERS.replace("CUP,1,10", "CUP,none,10"), at)

    assert counts(outcome) == (1, 0, 0, 2)
    assert [(p.line, p.column) for p in outcome.problems] == [(2, ""), (3, "quantity")]
    assert list(Order.objects.values_list("number", flat=True)) == ["A2"]


def test_orders_of_unknown_customers_are_problems(tmp_path, at):
    outcome = take(tmp_path, "orders", ORDERS, at)

    assert counts(outcome) == (0, 0, 0, 3)
    assert "Import the customers first" in outcome.problems[0].reason
    assert Customer.objects.count() == Product.objects.count() == 0


def test_orders_in_another_currency_are_problems(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)

    outcome = take(tmp_path, "orders", ORDERS.replace("A2,2,2026-01-11T23:30:00,GBP", "A2,2,2026-01-11T23:30:00,USD"), at)

    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.problems[0].column == "currency"


def test_orders_known_with_other_contents_are_problems(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)

    outcome = take(tmp_path, "orders", ORDERS.replace("MUG,2,5.00", "MUG,2,6.00"), at)

    assert counts(outcome) == (0, 0, 1, 1)
    assert Order.objects.get(number="A2").total_minor == 1000


def test_orders_stay_whole_at_the_edge_of_a_batch(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)
    head = ORDERS.splitlines()[0]
    lines = [f"N{i // 5},1,2026-01-10T12:00:00,GBP,S{i},1,1.00," for i in range(50)]

    outcome = take(tmp_path, "orders", "\n".join([head, *lines]), at, batch_rows=7)

    assert counts(outcome) == (10, 0, 0, 0)
    assert set(Order.objects.values_list("total_minor", flat=True)) == {500}


def test_refunds_reduce_their_orders(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)
    text = (
        "refund_number,customer_id,refunded_at,currency,amount,order_number\n"
        "R1,2,2026-01-12,GBP,4.00,A2\n"
        "R2,2,2026-01-13,GBP,6.00,A2\n"
        "R3,1,2026-01-14,GBP,1.00,\n"
        "R4,1,2026-01-14,GBP,1.00,A2\n"
    )

    outcome = take(tmp_path, "refunds", text, at)
    again = take(tmp_path, "refunds", text, at)

    assert counts(outcome) == (3, 0, 0, 1)
    assert counts(again) == (0, 0, 3, 1)
    order = Order.objects.get(number="A2")
    assert (order.refunded_minor, order.state) == (1000, "refunded")
    events = Event.objects.filter(name="order.refunded").order_by("occurred_at")
    assert [(e.amount_minor, e.properties["in_full"]) for e in events] == [(400, False), (600, True), (100, False)]
    assert Refund.objects.get(number="R3").order is None


def test_facts_follow_from_an_import(tmp_path, at):
    take(tmp_path, "customers", CUSTOMERS, at)
    take(tmp_path, "orders", ORDERS, at)
    while timeline.process_batch(at=at):
        pass

    facts = CustomerFacts.objects.get(customer__external_id="2")

    assert (facts.order_count, facts.revenue_minor) == (1, 1000)
    assert facts.last_order_at == datetime(2026, 1, 11, 23, 30, tzinfo=UTC)


def test_products_are_created_and_updated(tmp_path, at):
    first = take(tmp_path, "products", "sku,name,category\nMUG,Mug,Kitchen\nCUP,Cup,\n", at)

    second = take(tmp_path, "products", "sku,name,category\nMUG,Big mug,\nCUP,Cup,\n", at)

    assert (counts(first), counts(second)) == ((2, 0, 0, 0), (0, 1, 1, 0))
    assert Product.objects.get(sku="MUG").category == "Kitchen"


def test_shift_moves_dates_but_not_birthdays_and_keeps_the_hour(tmp_path, at):
    text = "external_id,created_at,born_on,renews_on\n1,2010-12-01T08:26:00,1980-05-05,2011-01-01\n"

    take(tmp_path, "customers", text, at, shift=timedelta(days=200))

    customer = Customer.objects.get()
    assert customer.created_at == datetime(2011, 6, 19, 7, 26, tzinfo=UTC)  # 08:26 in London, summer time by then
    assert (customer.born_on, customer.renews_on) == (date(1980, 5, 5), date(2011, 7, 20))


def test_import_never_lifts_a_suppression(tmp_path, at):
    consent.suppress(channel=Channel.EMAIL, address="alice@example.com", reason=SuppressionReason.ERASED, at=at)

    take(tmp_path, "customers", CUSTOMERS, at)

    alice = Customer.objects.get(external_id="1")
    assert Suppression.objects.get().customer == alice
    assert consents.suppressed_ids(Channel.EMAIL, {alice.id: alice.email}) == {alice.id}


def test_import_grants_consent_only_when_asked_and_never_over_a_no(at):
    topic = Topic.objects.create(slug="news", name="News")
    carol = people.carol(external_id="3")
    consent.set_consent([carol.id], topic=topic, channel="email", state="denied", source="preferences", wording="", at=at)
    plain = imports.queued(CUSTOMERS, at)
    jobs.run_job(plain.id, clock=lambda: at, seconds=60)
    assert Consent.objects.count() == 1

    stated = {"consent": {"topic_id": topic.id, "channel": "email", "wording": "Till receipt, 2024"}}
    job = imports.queued(CUSTOMERS + "3,carol@example.com,Carol,,,,,,\n", at, options=stated)
    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    assert sorted(Consent.objects.values_list("customer__first_name", "state")) == [
        ("Alice", "granted"),
        ("Bob", "granted"),
        ("Carol", "denied"),
    ]


def test_job_killed_midway_goes_on_and_ends_the_same(at, monkeypatch):
    monkeypatch.setattr(run, "BATCH", 10)
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": 10})
    text = "external_id,email\n" + "".join(f"{i},p{i}@example.com\n" for i in range(35))
    job = imports.queued(text, at)
    real, calls = take_customers.take, []

    def killed(rows, taking, *, at):
        outcome = real(rows, taking, at=at)
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setitem(run.TAKES, "customers", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_job(job.id, clock=lambda: at, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.next_row, Customer.objects.count()) == (ImportState.RUNNING, 20, 20)
    assert jobs.run_job(job.id, clock=lambda: at + timedelta(seconds=30), seconds=60) == ""  # may still be alive
    assert jobs.due_ids(at + timedelta(seconds=61)) == [job.id]

    state = jobs.run_job(job.id, clock=lambda: at + timedelta(seconds=61), seconds=60)

    job.refresh_from_db()
    assert state == ImportState.DONE
    assert (job.next_row, job.created_count, Customer.objects.count()) == (35, 35, 35)
    assert Event.objects.filter(name="customer.created").count() == 35


def test_job_out_of_time_is_queued_again(at, monkeypatch):
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": 10})
    job = imports.queued("external_id\n" + "".join(f"{i}\n" for i in range(25)), at)

    states = [jobs.run_job(job.id, clock=lambda: at, seconds=0) for _ in range(4)]

    assert states == ["queued", "queued", "queued", "done"]
    assert Customer.objects.count() == 25


def test_job_stops_after_the_batch_under_way(at, monkeypatch):
    monkeypatch.setattr(run.batches, "__kwdefaults__", {"size": 10})
    job = imports.queued("external_id\n" + "".join(f"{i}\n" for i in range(25)), at)
    real = take_customers.take

    def stopping(rows, taking, *, at):
        jobs.stop(job.id, at=at)
        return real(rows, taking, at=at)

    monkeypatch.setitem(run.TAKES, "customers", stopping)

    state = jobs.run_job(job.id, clock=lambda: at, seconds=60)

    assert state == ImportState.STOPPED
    assert Customer.objects.count() == 10
    monkeypatch.undo()
    assert jobs.go_on(job.id)
    assert jobs.run_job(job.id, clock=lambda: at, seconds=60) == ImportState.DONE
    assert Customer.objects.count() == 25


def test_old_files_are_forgotten(at):
    job = imports.queued("external_id\n1\n", at)
    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    assert jobs.forget_files(at=at + timedelta(days=29)) == 0
    assert jobs.forget_files(at=at + timedelta(days=31)) == 1
    assert ImportJob.objects.get().file.name == ""
