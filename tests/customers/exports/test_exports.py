"""Lists as files: what stands in them, that they come in again as they were, who may take them, and how long they live."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from customers.actions import consent, timeline
from customers.actions.answers import Answer, record
from customers.actions.timeline import NewEvent, event_key
from customers.exports.actions import jobs
from customers.exports.queries.files import csv_text
from customers.exports.queries.keyset import chunks
from customers.imports.actions import run
from customers.imports.adapters import csv_files
from customers.imports.rules import taking
from customers.models import (
    AuditEntry,
    Consent,
    ConsentChange,
    Customer,
    Event,
    ExchangeRate,
    ExportJob,
    Order,
    Refund,
    Segment,
    Subscription,
    SubscriptionChange,
    Topic,
)
from customers.ports import exports
from customers.ports.exports import Criteria
from tests.factories import imports, people

pytestmark = pytest.mark.django_db
ALL = "customers.export_customer", "customers.view_customer", "customers.view_order", "customers.view_event"


@pytest.fixture(autouse=True)
def account():
    cache.clear()
    return imports.account()


def lines(key, **criteria):
    text = "".join(csv_text(exports.get(key).rows(Criteria(**criteria)))).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def out_and_in(key, kind, tmp_path, at):
    """Take a list out and in again."""
    path = tmp_path / "list.csv"
    path.write_text("".join(csv_text(exports.get(key).rows(Criteria()))), newline="")
    return run.run_file(kind, path, at=at)


def counts(outcome):
    return outcome.created, outcome.updated, outcome.unchanged, [problem.reason for problem in outcome.problems]


def rows_of(model, *fields):
    return sorted(model.objects.values_list(*fields), key=str)


def shop(tmp_path, at):
    """Customers with attributes of each type, orders in two currencies, refunds, subscriptions, events and answers."""
    ExchangeRate.objects.create(currency="USD", on=date(2025, 1, 1), rate=Decimal("0.79"))
    topic = Topic.objects.create(slug="news", name="News")
    files = {
        "customers": "external_id,email,first_name,phone,acquisition_cost,Size,VIP,Note,created_at\n"
        "1,alice@example.com,=Alice,+442079460018,1.50,38.25,yes,007,2025-06-01T10:00:00.123456\n"
        "2,bob@example.com,'Bob,,,,,@home,2025-06-02\n",
        "orders": "order_number,customer_id,placed_at,currency,sku,product_name,quantity,unit_price,discount\n"
        "A1,1,2026-01-10T12:00:00,GBP,MUG,Mug,3,1.255,\nA1,1,2026-01-10T12:00:00,GBP,CUP,,1,10,2.50\n"
        "A2,2,2026-01-11,USD,MUG,,2,5.05,0.10\n",
        "refunds": "refund_number,order_number,refunded_at,amount,currency\nR1,A1,2026-01-12,4.00,GBP\nR2,A2,2026-01-12,1,USD\n",
        "subscriptions": "reference,customer_id,status,mrr,changed_at,started_at,renews_on,plan,interval,currency\n"
        "S1,1,active,10,2025-01-01,2025-01-01,2026-01-01,Team,year,GBP\nS1,1,active,25,2025-03-01,2025-01-01,,Pro,year,USD\n",
        "events": 'customer_id,name,occurred_at,amount,currency,properties\n1,Seen,2026-01-05,1.5,EUR,"{""a"": [1, null], ""b"": ""=x""}"\n'
        "2,Seen,2026-01-06,,,\n",
    }  # fmt: skip
    for kind, text in files.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        outcome = run.run_file(kind, path, at=at)
        assert [problem.reason for problem in outcome.problems] == []
    for customer in Customer.objects.order_by("id"):
        record(
            [Answer(customer.pk, topic, "email", "granted", "Till", "Yes, “please”\nsend", at - timedelta(days=3))], at=at
        )
    return topic


ROUNDS = [
    ("customers", "customers", [(Customer, ("external_id", "email", "first_name", "phone", "acquisition_cost_minor",
                                            "attributes", "created_at"))]),
    ("order_lines", "orders", [(Order, ("number", "placed_at", "total_minor", "discount_minor", "charged_minor",
                                        "charged_currency", "lines__product__sku", "lines__quantity"))]),
    ("refunds", "refunds", [(Refund, ("number", "refunded_at", "amount_minor", "charged_minor", "order__number"))]),
    ("subscription_changes", "subscriptions", [
        (SubscriptionChange, ("key", "changed_at", "status", "plan", "mrr_minor", "charged_minor", "renews_on")),
        (Subscription, ("reference", "status", "mrr_minor", "interval_months", "started_at"))]),
    ("events", "events", [(Event, ("key", "name", "occurred_at", "amount_minor", "currency", "properties"))]),
    ("consents", "consents", [(Consent, ("state", "changed_at")), (ConsentChange, ("source", "wording", "changed_at"))]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "kind", "tables"), ROUNDS, ids=[entry[0] for entry in ROUNDS])
def test_list_that_comes_in_again_changes_nothing(key, kind, tables, tmp_path, at):
    shop(tmp_path, at)
    before = [rows_of(model, *fields) for model, fields in tables]

    outcome = out_and_in(key, kind, tmp_path, at + timedelta(days=1))

    created, updated, unchanged, problems = counts(outcome)
    assert (created, updated, problems) == (0, 0, [])
    assert unchanged > 0
    assert [rows_of(model, *fields) for model, fields in tables] == before


def test_customers_come_into_an_empty_account_as_they_were(tmp_path, at):
    shop(tmp_path, at)
    fields = ("external_id", "email", "first_name", "phone", "acquisition_cost_minor", "attributes", "created_at")
    before = rows_of(Customer, *fields)
    text = "".join(csv_text(exports.get("customers").rows(Criteria())))
    Customer.objects.update(external_id=None, email="", first_name="", phone="", attributes={})
    path = tmp_path / "again.csv"
    path.write_text(text, newline="")

    outcome = run.run_file("customers", path, at=at)

    assert counts(outcome)[0] == 2
    assert sorted(Customer.objects.exclude(external_id=None).values_list(*fields), key=str) == before


def test_events_come_into_an_empty_timeline_as_they_were(tmp_path, at):
    shop(tmp_path, at)
    fields = ("key", "name", "occurred_at", "amount_minor", "currency", "properties")
    before = sorted(Event.objects.filter(name="Seen").values_list(*fields), key=str)
    path = tmp_path / "events.csv"
    path.write_text("".join(csv_text(exports.get("events").rows(Criteria(choice="Seen")))), newline="")
    Event.objects.filter(name="Seen").delete()

    run.run_file("events", path, at=at)

    assert sorted(Event.objects.filter(name="Seen").values_list(*fields), key=str) == before


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2),
        max_size=5,
    )
)
def test_any_text_comes_back_as_it_was_and_runs_nowhere(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("round") / "x.csv"
    path.write_text("".join(csv_text([["a", "b"], *cells])), newline="", encoding="utf-8")
    with path.open(newline="", encoding="utf-8-sig") as file:
        raw = list(csv.reader(file))[1:]

    way = taking.Taking("products", ["a", "b"], {0: "sku", 1: "name"}, None, "", "GBP")
    back = [[taking.cell_of(taking.Row(n, n, row), way, key) for key in ("sku", "name")] for n, row in enumerate(raw)]

    assert back == [[cell.strip() for cell in row] for row in cells]
    assert not any(cell.strip()[:1] in ("=", "+", "-", "@") and cell.strip()[:1] for row in raw for cell in row)


def test_export_reads_in_chunks_and_few_queries(at, django_assert_num_queries):
    Customer.objects.bulk_create([Customer(email=f"{n}@example.com", created_at=at, updated_at=at) for n in range(25)])

    with django_assert_num_queries(3):
        found = [row[1] for part in chunks(Customer.objects.all(), ["email"], size=10) for row in part]

    assert found == [f"{n}@example.com" for n in range(25)]


@pytest.mark.parametrize("key", [export.key for export in exports.all()])
def test_every_list_needs_as_many_queries_for_many_rows_as_for_few(key, tmp_path, at, django_assert_max_num_queries):
    shop(tmp_path, at)
    export = exports.get(key)
    choice = (
        str(Segment.objects.create(name="Everybody", slug="all", kind="static", created_at=at, updated_at=at).pk)
        if export.is_choice_required
        else ""
    )

    with django_assert_max_num_queries(8):
        rows = list(export.rows(Criteria(choice=choice)))

    assert len({len(row) for row in rows}) == 1


def test_days_are_those_of_the_account(at):
    imports.account(timezone="Pacific/Auckland")
    for hour in (10, 12):
        people.alice(external_id=str(hour), created_at=at.replace(year=2026, month=1, day=5, hour=hour))

    found = lines("customers", since=date(2026, 1, 6), until=date(2026, 1, 6))

    assert [row["external_id"] for row in found] == ["12"]  # midnight in Auckland is 11:00 UTC


def test_blocked_addresses_leave_as_hashes(at):
    consent.suppress(channel="email", address="secret@example.com", reason="complaint", at=at)

    text = "".join(csv_text(exports.get("suppressions").rows(Criteria())))

    assert "secret@" not in text
    assert "complaint" in text


def user(*permissions):
    return people.staff_member("marta", *(permissions or ALL))


def test_list_is_written_by_a_worker_and_read_by_its_owner_for_a_day(
    client, at, frozen_clock, django_capture_on_commit_callbacks
):
    client.force_login(user())
    people.alice()
    Customer.objects.update(first_name="=cmd")

    client.post(reverse("customers:export-new", args=["customers"]), {})
    job = ExportJob.objects.get()
    assert jobs.run_job(job.pk, clock=lambda: at) == "done"
    response = client.get(reverse("customers:export-file", args=[job.pk]))

    body = b"".join(response.streaming_content).decode("utf-8-sig")
    assert response["Content-Disposition"].startswith("attachment")
    assert "'=cmd" in body
    job.refresh_from_db()
    assert (job.row_count, job.state) == (1, "done")
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))[-3:] == [
        "export.asked", "export.finished", "export.downloaded",
    ]  # fmt: skip
    assert jobs.forget_files(at=at + timedelta(hours=25)) == 1
    assert client.get(reverse("customers:export-file", args=[job.pk])).status_code == 404


def test_file_of_somebody_else_is_not_there(client, at):
    job = jobs.ask(key="customers", criteria=Criteria(), user_id=user().pk, at=at)
    jobs.run_job(job.pk, clock=lambda: at)
    client.force_login(people.staff_member("nadia", *ALL))

    assert client.get(reverse("customers:export-file", args=[job.pk])).status_code == 404
    assert "Your files" not in client.get(reverse("customers:export-list")).content.decode()


def test_list_needs_its_own_permission(client):
    client.force_login(user("customers.export_customer", "customers.view_customer"))

    assert client.get(reverse("customers:export-new", args=["customers"])).status_code == 200
    assert client.get(reverse("customers:export-new", args=["orders"])).status_code == 403
    assert client.get(reverse("customers:export-new", args=["nothing"])).status_code == 404
    assert "Orders" not in client.get(reverse("customers:export-list")).content.decode().split("What can be")[1]


def test_stopped_export_leaves_no_file(at, settings):
    people.alice()
    job = jobs.ask(key="customers", criteria=Criteria(), user_id=None, at=at)
    moments = iter([at, at, at + timedelta(seconds=2), at + timedelta(seconds=2)])

    def clock():
        moment = next(moments, at)
        if moment > at:
            jobs.stop(job.pk, at=at)
        return moment

    assert jobs.run_job(job.pk, clock=clock) == "stopped"
    assert ExportJob.objects.get().file.name == ""


def test_export_of_a_killed_worker_is_written_again(at):
    people.alice()
    job = jobs.ask(key="customers", criteria=Criteria(), user_id=None, at=at)
    ExportJob.objects.update(state="running", heartbeat_at=at)

    assert jobs.due_ids(at + timedelta(seconds=30)) == []
    assert jobs.due_ids(at + timedelta(seconds=61)) == [job.pk]
    assert jobs.run_job(job.pk, clock=lambda: at + timedelta(seconds=61)) == "done"


def test_list_can_be_streamed_at_once_and_is_noted_with_its_rows(client, at):
    client.force_login(user())
    people.alice()

    response = client.post(reverse("customers:export-new", args=["customers"]), {"now": "1"})
    body = b"".join(response.streaming_content).decode("utf-8-sig")

    assert body.startswith("external_id,email")
    noted = AuditEntry.objects.order_by("-id")[0]
    assert (noted.verb, noted.detail["rows"], noted.detail["whole"]) == ("export.finished", 1, True)


def test_bad_days_are_said_beside_the_field(client):
    client.force_login(user())

    response = client.post(
        reverse("customers:export-new", args=["customers"]), {"since": "2026-02-01", "until": "2026-01-01"}
    )

    assert response.status_code == 422
    assert "before the beginning" in response.content.decode()


def test_properties_of_events_with_any_text_stay_one_cell(at):
    alice = people.alice()
    timeline.record(NewEvent(alice.pk, "Seen", at, event_key("t", 1), "t", {"note": 'a,"b"\n=1+1'}), at=at)

    (row,) = lines("events")

    assert row["properties"] == '{"note": "a,\\"b\\"\\n=1+1"}'
    assert csv_files.MAX_LINE > 0
