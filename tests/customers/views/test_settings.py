"""Settings pages and the import pages."""

import pytest
from django.urls import reverse

from customers.actions import heartbeat, timeline
from customers.imports.actions import jobs
from customers.models import AuditEntry, Brand, Customer, FailedEvent, ImportJob, PendingEvent, Topic
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def marta(client):
    """A staff member with every permission, signed in."""
    imports.account()
    user = people.staff_member("marta", is_superuser=True)
    client.force_login(user)
    return user


PAGES = ["settings", "brand-edit", "topic-list", "topic-add", "watchdog", "event-list", "audit-list", "import-list", "import-new",
         "customer-list", "customer-add"]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_for_those_who_may(client, marta, name):
    assert client.get(reverse(f"customers:{name}")).status_code == 200


@pytest.mark.parametrize("name", [name for name in PAGES if name != "settings"])
def test_page_stays_closed_without_permission(client, name):
    client.force_login(people.staff_member("ana"))

    assert client.get(reverse(f"customers:{name}")).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_page_sends_strangers_to_the_sign_in(client, name):
    response = client.get(reverse(f"customers:{name}"))

    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/")


def brand_values(**values):
    return {
        "name": "Gift shop",
        "colour": "#1f7a4d",
        "timezone": "Europe/London",
        "currency": "gbp",
        "locale": "en",
    } | values


def test_brand_is_saved_and_noted(client, marta):
    client.post(reverse("customers:brand-edit"), brand_values())

    assert (Brand.objects.get().name, Brand.objects.get().currency) == ("Gift shop", "GBP")
    assert AuditEntry.objects.get().verb == "brand.changed"


@pytest.mark.parametrize(
    ("field", "value"), [("timezone", "Mars/Base"), ("currency", "£"), ("colour", "green"), ("name", "")]
)
def test_brand_refuses_what_it_cannot_mean(client, marta, field, value):
    response = client.post(reverse("customers:brand-edit"), brand_values(**{field: value}))

    assert list(response.context["form"].errors) == [field]


def test_topic_gets_a_short_name_of_its_own(client, marta):
    client.post(reverse("customers:topic-add"), {"name": "Product news", "channels": ["email"], "position": 0})
    topic = Topic.objects.get()
    client.post(
        reverse("customers:topic-edit", args=[topic.id]),
        {"name": "News", "slug": "other", "channels": ["email"], "position": 0},
    )

    topic.refresh_from_db()
    assert (topic.name, topic.slug) == ("News", "product-news")


def test_watchdog_shows_failures_and_retries_them(client, marta, at):
    alice = people.alice()
    timeline.record(timeline.NewEvent(alice.id, "order.placed", at, timeline.event_key("t", 1), "test"), at=at)
    event_id = PendingEvent.objects.get().event_id
    PendingEvent.objects.all().delete()
    failed = FailedEvent.objects.create(event_id=event_id, handler="x.y", error="ValueError: <b>no</b>", failed_at=at)
    with pytest.raises(ValueError), heartbeat.of("customers.process_events", at=at):
        raise ValueError("broken")

    page = client.get(reverse("customers:watchdog"))
    client.post(reverse("customers:watchdog-retry"), {"failed": failed.id})

    assert page.context["statuses"][0].state == "failing"
    assert "&lt;b&gt;no" in page.content.decode()
    assert (FailedEvent.objects.count(), PendingEvent.objects.count()) == (0, 1)
    assert client.post(reverse("customers:watchdog-retry"), {"failed": "x"}).status_code == 302


def test_import_goes_from_upload_to_result(client, marta, at):
    text = "Client ID;Mail;Vorname;Shoe size\n1;a@example.com;<b>Zoë</b>;38\n2;nobody;B;39\n"
    upload = client.post(
        reverse("customers:import-new"), {"kind": "customers", "file": imports.file(text.encode("cp1252"))}
    )
    job = ImportJob.objects.get()

    page = client.get(upload["Location"])
    initial = [field.initial for field in page.context["form"].columns()]
    values = {f"column_{n}": value for n, value in enumerate(["external_id", "email", "first_name", "attribute.number"])}
    values |= {"header": page.context["header_text"], "encoding": job.encoding, "delimiter": job.delimiter}
    checked = client.post(upload["Location"], values | {"check": ""})
    started = client.post(upload["Location"], values | {"start": "1"})
    running = client.get(started["Location"], headers={"HX-Request": "true"})
    jobs.run_job(job.id, clock=lambda: at, seconds=60)
    done = client.get(started["Location"])

    assert initial == ["external_id", "email", "first_name", "attribute.number"]
    assert "&lt;b&gt;Zoë" in page.content.decode()
    assert checked.status_code == 200
    assert 'hx-trigger="every 2s"' in running.content.decode()
    assert 'hx-trigger="every 2s"' not in done.content.decode()
    assert list(Customer.objects.values_list("external_id", "first_name", "attributes")) == [
        ("1", "<b>Zoë</b>", {"shoe_size": 38})
    ]
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["import.uploaded", "import.started"]


def test_import_without_its_columns_does_not_start(client, marta, at):
    job = jobs.upload(kind="orders", file=imports.file("a,b\n1,2\n"), user_id=None, at=at)
    url = reverse("customers:import-map", args=[job.id])
    values = {
        "header": "a\x1fb",
        "encoding": "utf-8",
        "delimiter": ",",
        "column_0": "order_number",
        "column_1": "order_number",
    }

    page = client.post(url, values | {"start": "1"})

    assert "Two columns are taken" in page.content.decode()
    job.refresh_from_db()
    assert job.state == "uploaded"


def test_import_with_consent_needs_its_proof(client, marta, at):
    topic = Topic.objects.create(slug="news", name="News")
    job = jobs.upload(kind="customers", file=imports.file("email\na@example.com\n"), user_id=None, at=at)
    values = {
        "header": "email",
        "encoding": "utf-8",
        "delimiter": ",",
        "column_0": "email",
        "topic": topic.id,
        "channel": "email",
    }

    page = client.post(reverse("customers:import-map", args=[job.id]), values | {"start": "1"})

    assert list(page.context["form"].errors) == ["wording"]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1251", "latin-1"])
def test_import_can_be_read_in_another_way(client, marta, at, encoding):
    job = jobs.upload(kind="customers", file=imports.file("email;name\na@example.com;Zoë\n"), user_id=None, at=at)
    url = reverse("customers:import-map", args=[job.id])

    assert client.post(url, {"header": "email\x1fname", "encoding": encoding, "delimiter": "|"}).status_code == 200


def test_import_is_stopped_and_resumed_by_post_only(client, marta, at):
    job = imports.queued("email\na@example.com\n", at)

    assert client.get(reverse("customers:import-stop", args=[job.id])).status_code == 405
    client.post(reverse("customers:import-stop", args=[job.id]))
    job.refresh_from_db()
    assert job.state == "stopped"
    client.post(reverse("customers:import-resume", args=[job.id]))
    job.refresh_from_db()
    assert job.state == "queued"
