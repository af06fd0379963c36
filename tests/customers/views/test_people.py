"""The customer list and page, and what staff do there."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from customers.actions import consent, timeline
from customers.models import (
    AuditEntry,
    Consent,
    ConsentChange,
    Customer,
    Event,
    Order,
    Segment,
    SegmentMembership,
    Suppression,
    Topic,
)
from tests.factories import imports, people

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def marta(client):
    """A staff member with every permission, signed in."""
    imports.account()
    user = people.staff_member("marta", is_superuser=True)
    client.force_login(user)
    return user


def order(customer, number, at, total_minor=1000):
    made = Order.objects.create(
        customer=customer, number=number, placed_at=at, local_day=at.date(), total_minor=total_minor, currency="GBP"
    )
    timeline.record(
        timeline.NewEvent(
            customer.id, "order.placed", at, timeline.event_key("customers", "order", made.id), "test",
            {"order_id": made.id, "number": number, "lines": 1}, total_minor, "GBP",
        ),
        at=at,
    )  # fmt: skip
    timeline.process_batch(at=at)
    return made


def names(response):
    return [str(customer) for customer in response.context["page"].object_list]


def test_list_searches_names_addresses_and_ids(client, marta):
    people.customer("Alice", last_name="Smith", external_id="SHOP-7")
    people.bob(last_name="Jones")

    for words in ("ali", "smi", "alice smith", "smith alice", "ALICE@", "shop-7"):
        assert names(client.get(reverse("customers:customer-list"), {"q": words})) == ["Alice Smith"]
    assert names(client.get(reverse("customers:customer-list"), {"q": "%"})) == []


def test_list_filters(client, marta, at):
    alice, bob = people.alice(country="GB", stage="growing", plan="Gold"), people.bob(country="DE")
    segment = Segment.objects.create(name="S", slug="s", created_at=at, updated_at=at)
    SegmentMembership.objects.create(segment=segment, customer=alice, entered_at=at)
    order(alice, "A1", at)

    for filters in ({"country": "GB"}, {"stage": "growing"}, {"plan": "gold"}, {"segment": segment.id}, {"ordered": "yes"}):
        assert names(client.get(reverse("customers:customer-list"), filters)) == ["Alice"]
    assert names(client.get(reverse("customers:customer-list"), {"ordered": "no"})) == ["Bob"]
    assert names(client.get(reverse("customers:customer-list"), {"since": "2026-01-01"})) == []
    assert bob.country == "DE"


@pytest.mark.parametrize(
    "bad", [{"country": "XX"}, {"segment": "9' OR 1=1"}, {"sort": "id) --"}, {"page": "-1"}, {"since": "x"}, {"q": "\0"}]
)
def test_list_takes_nonsense(client, marta, bad):
    people.alice()

    assert client.get(reverse("customers:customer-list"), bad).status_code == 200


def test_list_sorts_with_empty_values_last(client, marta, at):
    alice, _, carol = people.alice(), people.bob(), people.carol()
    order(alice, "A1", at, 500)
    order(carol, "C1", at, 900)

    response = client.get(reverse("customers:customer-list"), {"sort": "-revenue_minor"})

    assert names(response) == ["Carol", "Alice", "Bob"]


def test_list_costs_the_same_with_more_rows(client, marta, django_assert_max_num_queries):
    people.alice()
    client.get(reverse("customers:customer-list"))
    for number in range(5):
        people.customer(f"P{number}")

    with django_assert_max_num_queries(11):  # PostgreSQL's time limit takes two
        client.get(reverse("customers:customer-list"))


def test_export_streams_the_filtered_list_and_is_noted(client, marta):
    people.customer("=cmd|' /C calc'!A0", email="eve@example.com", country="GB")
    people.bob(country="DE")

    response = client.post(reverse("customers:customer-export") + "?country=GB")

    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'=cmd|" in lines[1]
    entry = AuditEntry.objects.get(verb="customers.exported")
    assert (entry.detail, entry.user) == ({"filter": {"country": "GB"}, "rows": 1}, marta)


def test_export_needs_its_permission_and_a_post(client):
    client.force_login(people.staff_member("ana", "customers.view_customer"))

    assert client.post(reverse("customers:customer-export")).status_code == 403
    client.force_login(people.staff_member("root", is_superuser=True))
    assert client.get(reverse("customers:customer-export")).status_code == 405


def test_page_shows_everything_as_text(client, marta, at):
    alice = people.customer(
        HOSTILE[:100],
        last_name=HOSTILE[:100],
        email="a@example.com",
        company=HOSTILE,
        city=HOSTILE,
        attributes={HOSTILE: HOSTILE},
    )
    order(alice, HOSTILE, at)

    content = client.get(reverse("customers:customer-detail", args=[alice.id])).content.decode()

    assert "<script>alert" not in content
    assert "<img src=x" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_page_of_nobody_is_404(client, marta):
    assert client.get(reverse("customers:customer-detail", args=[404])).status_code == 404


def test_timeline_goes_on_where_it_ended(client, marta, at):
    alice = people.alice()
    events = [
        timeline.NewEvent(
            alice.id, "order.placed", at - timedelta(hours=n // 2), timeline.event_key("t", n), "test", {"number": n}
        )
        for n in range(70)
    ]
    timeline.record_many(events, at=at)
    url = reverse("customers:customer-timeline", args=[alice.id])
    seen, cursor = [], ""

    for _ in range(3):
        page = client.get(url, {"cursor": cursor}, headers={"HX-Request": "true"}).context["timeline"]
        seen += [entry.sentence for entry in page.entries]
        cursor = page.cursor

    assert (len(seen), len(set(seen)), cursor) == (70, 70, "")
    assert seen[0] == "Placed order 1"
    assert client.get(url, {"cursor": "2026-99-99_x"}).status_code == 200


def test_timeline_shows_one_kind(client, marta, at):
    alice = people.alice()
    topic = Topic.objects.create(slug="news", name="News")
    consent.set_consent([alice.id], topic=topic, channel="email", state="granted", source="shop", wording="yes", at=at)
    order(alice, "A1", at)

    page = client.get(reverse("customers:customer-detail", args=[alice.id]), {"kind": "consent"}).context["timeline"]

    assert [entry.sentence for entry in page.entries] == ["Subscribed to news"]


def test_profile_is_changed_and_recorded(client, marta):
    alice = people.alice(attributes={"shoe_size": 38, "old": "x"})
    values = {"first_name": "Alicia", "email": "Alicia@Example.com", "phone": "020 7946 0018", "country": "GB",
              "attribute_0": "", "attribute_1": "39", "new_name_0": "Colour", "new_value_0": "green"}  # fmt: skip

    response = client.post(reverse("customers:customer-edit", args=[alice.id]), values)

    assert response.status_code == 302
    alice.refresh_from_db()
    assert (alice.first_name, alice.email, alice.phone) == ("Alicia", "alicia@example.com", "+442079460018")
    assert alice.attributes == {"shoe_size": 39, "colour": "green"}
    assert Event.objects.get().properties == {"fields": "attributes, country, email, first_name, phone"}
    assert AuditEntry.objects.get().verb == "customer.changed"


def test_profile_form_shows_dates_as_the_browser_wants_them(client, marta):
    alice = people.alice(renews_on=date(2026, 12, 1))

    content = client.get(reverse("customers:customer-edit", args=[alice.id])).content.decode()

    assert 'value="2026-12-01"' in content


def test_profile_refuses_what_it_cannot_mean(client, marta):
    alice, bob = people.alice(external_id="1"), people.bob(external_id="2")
    values = {"email": "nobody", "timezone": "Mars/Base", "currency": "POUND", "external_id": "2"}

    response = client.post(reverse("customers:customer-edit", args=[alice.id]), values)

    assert set(response.context["form"].errors) == {"email", "timezone", "currency", "external_id"}
    assert bob.external_id == "2"


def test_customer_is_added_by_hand(client, marta):
    client.post(reverse("customers:customer-add"), {"first_name": "Dora", "email": "dora@example.com"})

    assert list(Event.objects.values_list("customer__first_name", "name")) == [("Dora", "customer.created")]


def test_consent_by_staff_keeps_source_and_words(client, marta):
    alice, topic = people.alice(), Topic.objects.create(slug="news", name="News")
    said = {"topic": topic.id, "channel": "email", "state": "granted", "source": "phone call", "wording": "Yes, please"}

    client.post(reverse("customers:customer-consent", args=[alice.id]), said)

    assert Consent.objects.get().state == "granted"
    change = ConsentChange.objects.get()
    assert (change.source, change.wording) == ("staff: phone call", "Yes, please")
    assert Event.objects.get().name == "consent.granted"
    assert AuditEntry.objects.get().verb == "consent.changed"


def test_address_is_blocked_and_released(client, marta, at):
    alice = people.alice()

    client.post(reverse("customers:customer-suppress", args=[alice.id]), {"channel": "email"})
    assert Suppression.objects.get().customer == alice
    client.post(reverse("customers:customer-unsuppress", args=[alice.id]), {"channel": "email"})
    assert Suppression.objects.count() == 0
    consent.suppress(channel="email", address=alice.email, reason="erased", at=at)
    client.post(reverse("customers:customer-unsuppress", args=[alice.id]), {"channel": "email"})

    assert Suppression.objects.count() == 1
    assert sorted(AuditEntry.objects.values_list("verb", flat=True)) == ["suppression.added", "suppression.removed"]


@pytest.mark.parametrize("name", ["customer-edit", "customer-consent", "customer-suppress", "customer-unsuppress"])
def test_looking_is_not_changing(client, name):
    alice = people.alice()
    client.force_login(people.staff_member("ana", "customers.view_customer"))

    assert client.post(reverse(f"customers:{name}", args=[alice.id])).status_code == 403
    assert Customer.objects.get() == alice
