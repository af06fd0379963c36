"""Merging by page, doubles, retention."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from customers.actions import timeline
from customers.models import (
    AnonymousEvent,
    Customer,
    CustomerFacts,
    CustomerMerge,
    DifferentPeople,
    Event,
    IngestProblem,
    RetentionRule,
    SpentKey,
)  # fmt: skip
from customers.privacy.actions import retention
from customers.privacy.queries import doubles
from tests.factories import people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def sue(client):
    client.force_login(
        people.staff_member(
            "sue", "customers.view_customer", "customers.merge_customer", "customers.view_retentionrule",
            "customers.change_retentionrule",
        )
    )  # fmt: skip
    return client


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def test_staff_merge_with_a_preview_and_undo_it(sue, frozen_clock):
    alice = people.customer("Alice", email="alice@example.com", city="York")
    twin = people.customer("Alicia", email="Alice@example.com", company="Lima Ltd")

    assert "Alicia" in sue.get(f"/customers/{alice.pk}/merge/").content.decode()
    path = f"/customers/{alice.pk}/merge/{twin.pk}/"
    page = sue.get(path).content.decode()
    assert "Lima Ltd" in page
    assert 'value="first_name"' in page
    assert b"not the number" in sue.post(path, {"number": "1234"}).content
    sue.post(path, {"number": str(twin.pk), "source_field": ["first_name"]})
    alice.refresh_from_db()
    assert (alice.first_name, alice.company, alice.email) == ("Alicia", "Lima Ltd", "alice@example.com")

    assert "Undo" in sue.get("/customers/merges/").content.decode()
    sue.post(f"/customers/merges/{CustomerMerge.objects.get().pk}/undo/")
    alice.refresh_from_db()
    twin.refresh_from_db()
    assert (alice.first_name, alice.company, twin.first_name) == ("Alice", "", "Alicia")
    assert "undone already" in sue.get("/customers/merges/").content.decode()


def test_preview_warns_of_what_both_own(sue, at):
    from customers.actions import consent
    from customers.models import Topic

    alice, twin = people.alice(), people.bob()
    topic = Topic.objects.create(slug="news", name="News")
    consent.set_consent([alice.pk], topic=topic, channel="email", state="granted", source="x", wording="", at=at)
    consent.set_consent([twin.pk], topic=topic, channel="email", state="denied", source="x", wording="", at=at)

    page = sue.get(f"/customers/{alice.pk}/merge/{twin.pk}/").content.decode()

    assert "the later answer" in page
    assert "Answers about consent" in page


def test_merge_of_one_with_itself_or_nobody(sue):
    alice = people.alice()

    assert sue.get(f"/customers/{alice.pk}/merge/{alice.pk}/").status_code == 302
    assert sue.get(f"/customers/{alice.pk}/merge/99999/").status_code == 404
    assert sue.post("/customers/duplicates/different/", {"one": "x", "other": "2"}).status_code == 404


def test_search_finds_the_other(sue):
    alice, other = people.alice(), people.customer("Wilhelmina", last_name="Ott")

    assert "Wilhelmina" in sue.get(f"/customers/{alice.pk}/merge/?q=Wilhelmina").content.decode()
    assert "Wilhelmina" in sue.get(f"/customers/{alice.pk}/merge/?q={other.pk}").content.decode()
    assert "Nobody was found" in sue.get(f"/customers/{alice.pk}/merge/?q=zzzz").content.decode()


def _pairs(key, at):
    item = doubles.reason(key)
    return doubles.pairs(item, doubles.alike(item, at=at))


def test_doubles_by_address_phone_and_name(sue, at):
    one = people.customer("Ann", email="ann@example.com", phone="+441", last_name="Lee", company="Lima")
    people.customer("Ann", email="ANN@example.com", last_name="Lee", company="lima")
    people.customer("Ann", email="an.n@example.com", phone="+441")
    people.customer("Ann", email="ann+x@example.com", last_name="Lee")

    assert [len(_pairs(key, at)) for key in ("email", "phone", "name")] == [1, 1, 1]
    assert b"ann@example.com" in sue.get("/customers/duplicates/").content
    pair = _pairs("phone", at)[0]
    sue.post("/customers/duplicates/different/", {"one": pair.target.pk, "other": pair.source.pk})
    assert _pairs("phone", at) == []
    assert DifferentPeople.objects.get().lower_number == one.pk


def test_doubles_kept_for_an_hour_are_read_as_they_are_now(sue, monkeypatch):
    monkeypatch.setattr(doubles, "SLOW_SECONDS", -1)
    cache.clear()
    people.customer("Ann", phone="+441")
    ben, cleo = people.customer("Ben", phone="+441"), people.customer("Cleo", phone="+441")
    assert b">Ben<" in sue.get("/customers/duplicates/?by=phone").content
    people.customer("Dan", phone="+441")
    ben.delete()
    Customer.objects.filter(pk=cleo.pk).update(phone="+442")

    page = sue.get("/customers/duplicates/?by=phone").content.decode()

    assert not any(f">{name}<" in page for name in ("Ann", "Ben", "Cleo", "Dan"))
    assert "Last looked for" in page
    cache.clear()
    assert ">Dan<" in sue.get("/customers/duplicates/?by=phone").content.decode()


def test_the_merge_page_names_who_has_the_same_address_or_phone(sue):
    one = people.customer("Ann", email="ann@example.com", phone="+44 20")
    people.customer("Bea", email="ann@example.com")
    people.customer("Cas", email="cas@example.com", phone="+44 20")
    people.customer("Dov", email="dov@example.com", phone="+44201")
    eva = people.customer("Eva", email="eva@example.com", phone="+44201")
    people.customer("Fay", email="fay@example.com", phone="+442011")

    assert [found.first_name for found in doubles.of_customer(one)] == ["Bea", "Cas"]
    assert [found.first_name for found in doubles.of_customer(eva)] == ["Dov"]
    assert b"Bea" in sue.get(f"/customers/{one.pk}/merge/").content


def test_rules_are_shown_changed_and_kept(sue, at):
    AnonymousEvent.objects.create(
        anonymous_id="a", name="x", occurred_at=at, received_at=at - 400 * DAY, source="x", key=timeline.event_key("r", 1)
    )
    page = sue.get("/settings/retention/")
    assert "Events of unknown visitors" in page.content.decode()

    values = {
        name: field.initial if field.initial is not None else "" for name, field in page.context["form"].fields.items()
    }
    values |= {name: value if value is not None else "" for name, value in page.context["form"].initial.items()}
    sue.post("/settings/retention/", values | {"anonymous_events": "30", "erasure.by_customer": "0"})
    assert dict(RetentionRule.objects.values_list("key", "days")) == {"anonymous_events": 30, "erasure.by_customer": 0}
    assert "36500" in sue.post("/settings/retention/", values | {"anonymous_events": "99999"}).content.decode()


def test_nightly_run_removes_what_is_due_in_batches(at):
    for number in range(7):
        received = at - (100 if number < 5 else 10) * DAY
        AnonymousEvent.objects.create(
            anonymous_id="a",
            name="x",
            occurred_at=at,
            received_at=received,
            source="x",
            key=timeline.event_key("r", number),
        )
        IngestProblem.objects.create(reason="no", received_at=received)

    assert retention.apply(at=at, batch=2) == {"anonymous_events": 5, "ingest_problems": 5}
    assert (AnonymousEvent.objects.count(), SpentKey.objects.count(), IngestProblem.objects.count()) == (2, 5, 2)
    assert retention.apply(at=at, batch=2) == {}


def test_a_run_without_time_removes_nothing_and_breaks_nothing(at):
    IngestProblem.objects.create(reason="no", received_at=at - 100 * DAY)

    assert retention.apply(at=at, budget=0) == {}
    assert IngestProblem.objects.count() == 1


def test_customers_who_are_long_gone_are_erased_when_staff_say_so(at):
    gone, paying, fresh = people.customer("Gone"), people.customer("Paying"), people.customer("Fresh", created_at=at)
    CustomerFacts.objects.create(customer=paying, last_order_at=at - 30 * DAY)
    old = at - 3000 * DAY
    Customer.objects.filter(pk__in=[gone.pk, paying.pk]).update(created_at=old)

    assert retention.apply(at=at) == {}
    retention.set_days({"inactive_customers": 730}, user_id=None, at=at)
    assert retention.apply(at=at) == {"inactive_customers": 1}

    assert dict(Customer.objects.values_list("first_name", "pk")) == {"": gone.pk, "Paying": paying.pk, "Fresh": fresh.pk}


def test_old_events_of_silent_customers_go_and_orders_stay(at):
    alice, bob = people.alice(), people.bob()
    for customer, name in ((alice, "seen"), (alice, "order.placed"), (bob, "seen")):
        timeline.record(
            timeline.NewEvent(customer.pk, name, at - 900 * DAY, timeline.event_key(customer.pk, name), "t"), at=at
        )
    while timeline.process_batch(at=at):
        pass
    CustomerFacts.objects.filter(customer=bob).update(last_seen_at=at)
    retention.set_days({"inactive_events": 400}, user_id=None, at=at)

    assert retention.apply(at=at) == {"inactive_events": 1}

    assert set(Event.objects.values_list("customer", "name")) == {(alice.pk, "order.placed"), (bob.pk, "seen")}
