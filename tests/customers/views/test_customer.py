"""The customer page: tabs, timeline, notes, contact at a glance; and what each page of the floor costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.actions import consent, timeline
from customers.models import (
    AuditEntry,
    Customer,
    CustomerNote,
    Identity,
    Order,
    Preference,
    Segment,
    SegmentMembership,
    Topic,
)
from customers.rules.contactability import Hindrance, reach
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def marta(client):
    imports.account()
    user = people.staff_member("marta", is_superuser=True)
    client.force_login(user)
    return user


def page_of(customer, name="detail"):
    return reverse(f"customers:customer-{name}", args=[customer.pk])


def happened(customer, name, at, key, **properties):
    timeline.record_many(
        [timeline.NewEvent(customer.pk, name, at, timeline.event_key("t", key), "shop", properties)], at=at
    )
    timeline.process_batch(at=at)


@pytest.mark.parametrize(
    ("facts", "hindrance"),
    [
        ({"has_address": False, "is_blocked": True}, Hindrance.NO_ADDRESS),
        ({"is_blocked": True, "granted": ["News"]}, Hindrance.BLOCKED),
        ({"denied": ["News"]}, Hindrance.REFUSED),
        ({}, Hindrance.NEVER_ASKED),
        ({"granted": ["News"], "pause": 1}, Hindrance.PAUSED),
        ({"granted": ["News"], "pause": -1}, None),
        ({"granted": ["News"], "denied": ["Offers"]}, None),
    ],
)
def test_the_strongest_hindrance_is_named(at, facts, hindrance):
    pause = at + timedelta(days=facts["pause"]) if "pause" in facts else None

    found = reach(
        "email", has_address=facts.get("has_address", True), is_blocked=facts.get("is_blocked", False),
        granted=facts.get("granted", []), denied=facts.get("denied", []), paused_until=pause, at=at,
    )  # fmt: skip

    assert found.hindrance == hindrance


def test_header_says_whether_they_may_be_written_to(client, marta, at, frozen_clock):
    alice = people.alice()
    topic = Topic.objects.create(slug="news", name="News")

    def shown():
        return [contact.text for contact in client.get(page_of(alice)).context["contacts"]]

    assert shown() == ["Not to be e-mailed"]
    consent.set_consent([alice.id], topic=topic, channel="email", state="granted", source="shop", wording="yes", at=at)
    assert shown() == ["May be e-mailed"]
    Preference.objects.create(customer=alice, paused_until=at + timedelta(days=3), changed_at=at)
    assert shown() == ["Paused"]
    consent.suppress(channel="email", address=alice.email, reason="manual", at=at, customer_id=alice.pk)
    assert client.get(page_of(alice)).context["contacts"][0].why == "Blocked: Blocked by staff"


def test_profile_tab_shows_every_field_identity_and_attribute_by_type(client, marta, at):
    alice = people.alice(
        acquisition_channel="Search ads", acquisition_cost_minor=1250, industry="Bakery", usage_level="high",
        attributes={"shoe_size": 38, "vip": True, "since": "2024-02-29", "tags": ["a"], "story": "x" * 500, "big": 1234567},
    )  # fmt: skip
    Identity.objects.create(customer=alice, kind="stripe", value="cus_1", linked_at=at)

    response = client.get(page_of(alice), {"tab": "profile"})

    groups = {label: [(a.name, a.text[:9]) for a in items] for label, items in response.context["attribute_groups"]}
    assert groups == {
        "Text": [("story", "x" * 9)], "Numbers": [("big", "1,234,567"), ("shoe_size", "38")], "Yes or no": [("vip", "Yes")],
        "Dates": [("since", "2024-02-2")], "Lists and objects": [("tags", '[\n  "a"\n]')],
    }  # fmt: skip
    content = response.content.decode()
    assert all(text in content for text in ("Search ads", "12.50", "Bakery", "High", "cus_1", "29 Feb 2024"))


def test_timeline_is_filtered_by_name_words_and_day(client, marta, at):
    alice, bob = people.alice(), people.bob()
    happened(alice, "Product Viewed", at, 1, product="Lamp “Zoë”")
    happened(alice, "Product Viewed", at - timedelta(days=9), 2, product="Chair")
    happened(alice, "order.placed", at - timedelta(days=3), 3, number="A1")
    happened(bob, "Product Viewed", at, 4, product="Lamp")

    def shown(**wish):
        return [entry.payload for entry in client.get(page_of(alice), wish).context["timeline"].entries]

    assert ["Lamp" in text for text in shown(name="Product Viewed")] == [True, False]
    assert ["Lamp" in text for text in shown(text="lamp “zoë")] == [True]
    assert len(shown(text="order.pl")) == 1
    assert ["Chair" in text for text in shown(until="2026-03-08")] == [True]
    assert len(shown(kind="own")) == 2
    assert shown(text="%") == []
    assert len(shown(until="nonsense", kind="nonsense")) == 3
    names = client.get(page_of(alice), {"tab": "timeline"}).context["names"]
    assert names == [("Product Viewed", "Product Viewed", 2), ("order.placed", "Order placed", 1)]


def test_payload_is_shown_as_text(client, marta, at):
    alice = people.alice()
    happened(alice, "Odd", at, 1, bad="</pre><script>alert(1)</script>")

    content = client.get(page_of(alice), {"tab": "timeline"}).content.decode()

    assert "<script>alert" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_notes_are_kept_and_taken_away_by_their_author(client, marta):
    alice = people.alice()
    client.post(page_of(alice, "note"), {"text": "Called about the lamp"})
    note = CustomerNote.objects.get()
    assert (note.author, note.text) == (marta, "Called about the lamp")
    assert "Called about the lamp" in client.get(page_of(alice)).content.decode()
    assert AuditEntry.objects.get().verb == "customer.note_written"
    client.post(page_of(alice, "note"), {"text": " "})
    client.force_login(people.staff_member("other", is_superuser=True))

    client.post(page_of(alice, "note"), {"remove": str(note.pk)})
    assert CustomerNote.objects.count() == 1
    client.force_login(marta)
    client.post(page_of(alice, "note"), {"remove": str(note.pk)})
    client.post(page_of(alice, "note"), {"remove": "²"})

    assert CustomerNote.objects.count() == 0


def test_notes_need_the_right_to_write_them(client):
    alice = people.alice()
    client.force_login(people.staff_member("ana", "customers.view_customer"))

    assert client.post(page_of(alice, "note"), {"text": "x"}).status_code == 403


def test_a_second_person_with_an_address_is_asked_about(client, marta):
    alice = people.alice()
    values = {"first_name": "Alice", "email": alice.email.upper()}

    response = client.post(reverse("customers:customer-add"), values)

    assert (response.status_code, response.context["twins"]) == (200, [alice])
    client.post(reverse("customers:customer-add"), values | {"is_another": "1"})
    assert Customer.objects.filter(email=alice.email).count() == 2


def test_attributes_keep_their_type_in_the_form(client, marta):
    alice = people.alice(attributes={"a_size": 38, "b_vip": True, "c_tags": ["x"], "d_name": "old"})
    values = {"email": alice.email, "acquisition_cost": "12.50", "new_name_0": "Next Visit", "new_type_0": "date",
              "new_value_0": "2026-05-01"}  # fmt: skip
    wrong = {"attribute_0": "big", "attribute_1": "no", "attribute_2": "[", "attribute_3": "x", "acquisition_cost": "cheap"}

    response = client.post(page_of(alice, "edit"), values | wrong)
    assert set(response.context["form"].errors) == {"attribute_0", "attribute_2", "acquisition_cost"}
    right = {"attribute_0": "39.5", "attribute_1": "no", "attribute_2": '["x", "y"]', "attribute_3": ""}
    client.post(page_of(alice, "edit"), values | right)

    alice.refresh_from_db()
    assert alice.attributes == {"a_size": 39.5, "b_vip": False, "c_tags": ["x", "y"], "next_visit": "2026-05-01"}
    assert alice.acquisition_cost_minor == 1250


def test_columns_are_remembered(client, marta):
    people.alice(company="Bakers & Co")
    url = reverse("customers:customer-list")
    assert "Bakers" not in client.get(url).content.decode()

    client.post(reverse("customers:customer-columns"), {"column": ["company", "nonsense"]})

    response = client.get(url)
    assert response.context["columns"] == ["company"]
    assert "Bakers &amp; Co" in response.content.decode()


def test_the_chosen_or_all_found_are_put_on_a_list(client, marta, at):
    alice, bob, carol = people.alice(country="GB"), people.bob(country="GB"), people.carol(country="DE")
    segment = Segment.objects.create(name="L", slug="l", kind="static", created_at=at, updated_at=at)
    url = reverse("customers:customer-to-list")

    asked = client.post(url, {"list": segment.pk, "who": "chosen", "customer": [carol.pk, "²"]})
    assert (asked.context["count"], SegmentMembership.objects.count()) == (1, 0)
    client.post(url, {"list": segment.pk, "who": "chosen", "customer": [carol.pk], "confirmed": "1"})
    assert [m.customer for m in SegmentMembership.objects.all()] == [carol]
    assert client.post(f"{url}?country=GB", {"list": segment.pk, "who": "all"}).context["count"] == 2
    client.post(f"{url}?country=GB", {"list": segment.pk, "who": "all", "confirmed": "2"})

    assert {m.customer for m in SegmentMembership.objects.all()} == {alice, bob, carol}
    assert client.post(url, {"list": "x"}).status_code == 404


def test_pages_of_a_sort_by_facts_never_overlap(client, marta, at):
    for number in range(120):
        customer = people.customer(f"P{number}", email=f"p{number}@example.com")
        if number % 2:
            happened(customer, "order.placed", at - timedelta(hours=number), number, number=str(number))
    seen = []

    for page in (1, 2, 3):
        rows = client.get(reverse("customers:customer-list"), {"sort": "-last_seen_at", "page": page}).context["page"]
        seen += [customer.first_name for customer in rows.object_list]

    assert seen[:60] == [f"P{number}" for number in range(1, 120, 2)]
    assert sorted(seen) == sorted(f"P{number}" for number in range(120))


def rich(at, number):
    """A customer of whom every page of the floor has something to show."""
    customer = people.customer(f"C{number}", email=f"c{number}@example.com", external_id=f"E{number}", stage="growing")
    Order.objects.create(
        customer=customer, number=f"N{number}", placed_at=at, local_day=at.date(), total_minor=100, currency="GBP"
    )
    segment = Segment.objects.create(name=f"S{number}", slug=f"s{number}", created_at=at, updated_at=at)
    for member in Customer.objects.all():
        SegmentMembership.objects.create(segment=segment, customer=member, entered_at=at)
    topic = Topic.objects.create(slug=f"t{number}", name=f"T{number}")
    everybody = list(Customer.objects.values_list("pk", flat=True))
    consent.set_consent(everybody, topic=topic, channel="email", state="granted", source="shop", wording="yes", at=at)
    author = people.staff_member(f"author{number}")
    first = Customer.objects.order_by("pk").first()
    CustomerNote.objects.create(customer=first, text="x", author=author, created_at=at)
    Identity.objects.create(customer=first, kind="stripe", value=f"cus{number}", linked_at=at)
    Order.objects.create(
        customer=first, number=f"F{number}", placed_at=at, local_day=at.date(), total_minor=100, currency="GBP"
    )
    happened(first, f"Odd {number}", at, f"odd{number}", a=1)
    return customer


ADDRESSES = ["/customers/", "/customers/?q=c", "/customers/?sort=-revenue_minor", "/customers/?sort=name&country=GB",
             "/customers/search/?q=c", "/customers/{pk}/", "/customers/{pk}/?tab=timeline", "/customers/{pk}/?tab=profile",
             "/customers/{pk}/?tab=consent", "/customers/{pk}/timeline/", "/customers/{pk}/orders/", "/customers/{pk}/edit/",
             "/customers/new/", "/api/v1/customers/", "/segments/", "/imports/", "/settings/", "/settings/audit/"]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_cost_the_same_with_one_row_and_with_three(client, at, address):
    """P10: at most 15 queries, whoever asks and however many rows; asked by staff without superuser's short cut."""
    imports.account()
    user = people.staff_member("ana")
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    first = rich(at, 1)
    url = address.format(pk=first.pk)
    headers = {"HX-Request": "true"} if "search" in url else {}
    client.get(url, headers=headers)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url, headers=headers).status_code in {200, 403}
        return [query["sql"][:160] for query in queries]

    one = cost()
    rich(at, 2), rich(at, 3)
    three = cost()

    assert len(three) == len(one), three
    assert len(three) <= 15, three
