"""Files as people have them: each is taken, or refused with what to do; never a crash, never half a row."""

import pytest
from django.urls import reverse

from customers.imports.actions import jobs
from customers.models import Customer, ImportJob, Topic
from tests.factories import imports, people

pytestmark = pytest.mark.django_db

HEADER = "external_id,email,first_name\n"
TAKEN = {
    "utf-8 mark": (HEADER + "1,a@example.com,Zoë\n").encode("utf-8-sig"),
    "utf-16": (HEADER + "1,a@example.com,Zoë\n").encode("utf-16"),
    "utf-16 without mark": (HEADER + "1,a@example.com,Zoë\n").encode("utf-16-le"),
    "latin-1": (HEADER + "1,a@example.com,Zoë\n").encode("latin-1"),
    "crlf": (HEADER + "1,a@example.com,Zoë\n").replace("\n", "\r\n").encode(),
    "cr": (HEADER + "1,a@example.com,Zoë\n").replace("\n", "\r").encode(),
    "semicolon": (HEADER + "1,a@example.com,Zoë\n").replace(",", ";").encode(),
    "tab": (HEADER + "1,a@example.com,Zoë\n").replace(",", "\t").encode(),
    "quoted": (HEADER + '"1","a@example.com","Zoë"\n').encode(),
    "no line end": (HEADER + "1,a@example.com,Zoë").encode(),
    "blank lines": (HEADER + "\n\n1,a@example.com,Zoë\n\n").encode(),
    "same person twice": (HEADER + "1,a@example.com,Zoe\n1,A@EXAMPLE.COM,Zoë\n").encode(),
    "header in capitals": b"External ID,E-Mail Address,First Name\n1,a@example.com,Zo\xc3\xab\n",
    "our own export": (HEADER + "1,a@example.com,Zoë\n").encode("utf-8-sig"),
}


@pytest.fixture(autouse=True)
def account():
    return imports.account()


@pytest.mark.parametrize("name", TAKEN)
def test_file_is_taken(name, at):
    job = imports.queued(TAKEN[name], at)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    job.refresh_from_db()
    assert (job.state, job.problem_count) == ("done", 0)
    assert list(Customer.objects.values_list("external_id", "email", "first_name")) == [("1", "a@example.com", "Zoë")]


REFUSED = {
    "empty": (b"", "empty"),
    "only mark": (b"\xef\xbb\xbf", "empty"),
    "only blank": (b"\n\n  \n", "empty"),
    "header only": (HEADER.encode(), "no rows"),
    "2,000 columns": ((",".join(f"c{i}" for i in range(2000)) + "\n1\n").encode(), "2,000 columns"),
    "no header": (b"alice@example.com,Alice\nbob@example.com,Bob\n", "no header"),
    "workbook": (b"PK\x03\x04" + b"x" * 500, "workbook"),
    "unclosed quote in the header": (b'a,"b\n' + b"1,2\n" * 500, "quotation mark"),
    "10 MB header": (b"a," + b"b" * 10_000_000 + b"\n1,2\n", "longer than"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_file_is_refused_with_what_to_do(name, client):
    client.force_login(people.staff_member("marta", "customers.import_customer"))
    content, words = REFUSED[name]

    response = client.post(reverse("customers:import-new"), {"kind": "customers", "file": imports.file(content)})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert ImportJob.objects.count() == 0


PROBLEMS = {
    "10 MB field": ("1," + "x" * 10_000_000 + ",A\n2,b@example.com,B\n", "longer than"),
    "NUL": ("1,a@example.com,A\0\n2,b@example.com,B\n", "NUL"),
    "unclosed quote": ('1,a@example.com,"A\n2,b@example.com,B\n', "quotation mark"),
    "zero-width": ("1,a\u200b@example.com,A\n2,b@example.com,B\n", "invisible"),
    "right-to-left mark": ("1,\u202ea@example.com,A\n2,b@example.com,B\n", "invisible"),
    "emoji": ("1,😀@example.com,A\n2,b@example.com,B\n", "before the @"),
    "homograph": ("1,a@exаmple.com,A\n2,b@example.com,B\n", "mixes alphabets"),
    "no address": ("1,nobody,A\n2,b@example.com,B\n", "name@example.com"),
    "neither id nor address": (",,A\n2,b@example.com,B\n", "neither"),
    "too many cells": ("1,a@example.com,A,extra\n2,b@example.com,B\n", "has 4 cells"),
    "line break": ('1,a@example.com,"A\nB"\n2,b@example.com,B\n', "line break"),
    "long name": (f"1,a@example.com,{'A' * 200}\n2,b@example.com,B\n", "at most 120"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_bad_row_is_reported_and_the_next_one_taken(name, at):
    rows, words = PROBLEMS[name]
    job = imports.queued(HEADER + rows, at)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    job.refresh_from_db()
    assert job.state == "done"
    problem = job.problems.get()
    assert problem.line == 2
    assert words in problem.reason
    assert list(Customer.objects.values_list("external_id", flat=True)) == ["2"]


@pytest.mark.parametrize(
    ("cell", "country", "phone"),
    [
        ("+44 20 7946 0018", "", "+442079460018"),
        ("0044 (0)20 7946 0018", "", "+442079460018"),
        ("020 7946-0018", "GB", "+442079460018"),
        ("'+442079460018", "", "+442079460018"),
        ("030/123456", "Germany", "+4930123456"),
        ("020 7946 0018", "", None),
        ("12", "GB", None),
        ("call me", "GB", None),
    ],
)
def test_phone_formats(cell, country, phone, at):
    job = imports.queued(f"external_id,phone,country\n1,{cell},{country}\n", at)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    assert list(Customer.objects.values_list("phone", flat=True)) == ([phone] if phone else [])


def test_repeated_header_takes_the_first_column(at):
    job = imports.queued("external_id,email,email\n1,a@example.com,b@example.com\n", at)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    customer = Customer.objects.get()
    assert (customer.email, customer.attributes) == ("a@example.com", {})


def test_formula_is_kept_as_text_and_made_safe_on_the_way_out(client, at):
    job = imports.queued(HEADER + "1,nobody,=1+1\n", at)
    jobs.run_job(job.id, clock=lambda: at, seconds=60)
    client.force_login(people.staff_member("marta", "customers.import_customer"))

    response = client.get(reverse("customers:import-problems", args=[job.id]))

    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "line,column,reason,external_id,email,first_name"
    assert lines[1].endswith(",1,nobody,'=1+1")


def test_corrected_error_file_can_be_imported(client, at):
    job = imports.queued(HEADER + "1,nobody,A\n", at)
    jobs.run_job(job.id, clock=lambda: at, seconds=60)
    client.force_login(people.staff_member("marta", "customers.import_customer"))
    body = b"".join(client.get(reverse("customers:import-problems", args=[job.id])).streaming_content)

    second = imports.queued(body.replace(b",nobody,", b",a@example.com,"), at)
    jobs.run_job(second.id, clock=lambda: at, seconds=60)

    assert list(Customer.objects.values_list("email", "attributes")) == [("a@example.com", {})]


KINDS = {
    "products": ("sku,name\n", "S1,Zoë\n", "{},Zoë\n"),
    "orders": ("order_number,customer_id,placed_at,sku,quantity,unit_price\n", "A1,1,2026-01-10,S1,1,2\n", "{},1,2026-01-10,S,1,2\n"),
    "refunds": ("refund_number,customer_id,refunded_at,amount\n", "R1,1,2026-01-10,1\n", "{},1,2026-01-10,1\n"),
    "events": ("name,customer_id,occurred_at\n", "Zoë,1,2026-01-10\n", "{},1,2026-01-10\n"),
    "subscriptions": ("reference,customer_id,status,mrr,started_at\n", "S1,1,active,1,2025-01-01\n", "{},1,active,1,2025-01-01\n"),
    "consents": (
        "source,customer_id,topic,state,changed_at,wording\n", "Zoë,1,news,granted,2025-01-01,Yes\n",
        "{},1,news,granted,2025-01-01,Yes\n",
    ),
    "points": ("balance_key,customer_id,points\n", "Zoë,1,5\n", "{},1,5\n"),
}  # fmt: skip
WRITTEN = {
    "utf-8 mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "latin-1": lambda text: text.encode("latin-1"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "semicolon": lambda text: text.replace(",", ";").encode(),
}


@pytest.fixture
def shop():
    Topic.objects.create(slug="news", name="News")
    return people.alice(external_id="1")


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("kind", KINDS)
def test_file_of_each_kind_is_taken_however_it_is_written(kind, way, at, shop):
    header, row, _ = KINDS[kind]
    job = imports.queued(WRITTEN[way](header + row + "\n"), at, kind=kind)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    job.refresh_from_db()
    assert (job.state, job.created_count, [problem.reason for problem in job.problems.all()]) == ("done", 1, [])


HOSTILE = {
    "10 MB field": ("x" * 10_000_000, "longer than"),
    "NUL": ("a\0b", "NUL"),
    "unclosed quote": ('"open', "quotation mark"),
    "line break": ('"a\nb"', "line break"),
    "too long": ("x" * 500, "at most"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_cell_of_each_kind_is_reported_and_the_next_row_taken(kind, name, at, shop):
    header, row, pattern = KINDS[kind]
    cell, words = HOSTILE[name]
    job = imports.queued(header + pattern.format(cell) + row, at, kind=kind)

    jobs.run_job(job.id, clock=lambda: at, seconds=60)

    job.refresh_from_db()
    assert (job.state, job.created_count) == ("done", 1)
    problem = job.problems.get()
    assert problem.line == 2
    assert words in problem.reason


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("kind", ["events", "subscriptions", "consents", "points"])
def test_file_of_each_kind_is_refused_with_what_to_do(kind, name, client):
    client.force_login(people.staff_member("marta", "customers.import_customer"))
    content, words = REFUSED[name]

    response = client.post(reverse("customers:import-new"), {"kind": kind, "file": imports.file(content)})

    assert response.status_code == 422
    assert words in response.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_mapping_page_of_a_file_of_something_else_says_what_is_missing(kind, client, at):
    client.force_login(people.staff_member("marta", "customers.import_customer", "customers.view_importjob"))
    job = jobs.upload(kind=kind, file=imports.file(HEADER.replace("email", "=1+1") + "1,a,b\n"), user_id=None, at=at)

    page = client.get(reverse("customers:import-map", args=[job.pk]))
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"header": "\x1f".join(job.header), "start": "1"}
    again = client.post(reverse("customers:import-map", args=[job.pk]), data)

    assert (page.status_code, again.status_code) == (200, 200)
    assert "Choose the column" in again.content.decode()
