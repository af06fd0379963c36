"""Customers in sets, found by the ids and addresses that other systems use."""

from datetime import date, timedelta

import pytest

from customers.actions import consent
from customers.actions.profiles import NamesNobody, Profile, identities, upsert_many
from customers.enums import SuppressionReason
from customers.models import Customer, Event, Identity, Suppression

pytestmark = pytest.mark.django_db


def take(*profiles, at):
    return upsert_many(profiles, source="test", at=at)


def test_profile_creates_once_and_then_changes(at):
    first = take(Profile("u1", "a@example.com", values={"first_name": "Alice", "born_on": date(1990, 1, 2)}), at=at)
    second = take(Profile("u1", values={"city": "York"}, attributes={"size": 4}), at=at + timedelta(hours=1))

    alice = Customer.objects.get()
    assert first == second == [alice.pk]
    assert (alice.email, alice.first_name, alice.city, alice.attributes) == ("a@example.com", "Alice", "York", {"size": 4})
    assert alice.born_on == date(1990, 1, 2)
    assert (alice.created_at, alice.updated_at) == (at, at + timedelta(hours=1))
    assert list(Event.objects.order_by("id").values_list("name", "properties")) == [
        ("customer.created", {"source": "test"}),
        ("customer.updated", {"fields": "attributes, city"}),
    ]


def test_profiles_of_one_person_in_one_set_follow_each_other(at):
    ids = take(
        Profile("u1", "a@example.com", attributes={"a": 1, "b": 1}),
        Profile("u2", "b@example.com"),
        Profile("", "a@example.com", attributes={"b": 2, "c": {"deep": [1]}}),
        Profile("u1", attributes={"a": None}),
        at=at,
    )

    assert len(set(ids)) == 2
    assert ids[0] == ids[2] == ids[3]
    assert Customer.objects.get(external_id="u1").attributes == {"b": 2, "c": {"deep": [1]}}
    assert Event.objects.filter(name="customer.updated").count() == 0


def test_profile_is_found_by_former_id_identity_and_address(at):
    (alice,) = take(Profile("u1", "a@example.com", (("stripe", "cus_1"),)), at=at)
    Identity.objects.create(kind="external", value="old", customer_id=alice, linked_at=at)

    found = take(Profile("old"), Profile("", "", (("stripe", "cus_1"),)), Profile("", "a@example.com"), at=at)

    assert found == [alice] * 3
    assert Customer.objects.get().external_id == "u1"


def test_address_and_identity_never_lead_to_somebody_with_another_id(at):
    (alice,) = take(Profile("u1", "a@example.com", (("anonymous", "x"),)), at=at)
    (bob,) = take(Profile("u2", "a@example.com", (("anonymous", "x"),)), at=at)

    assert bob != alice
    assert identities([("anonymous", "x")]) == {("anonymous", "x"): bob}


def test_shared_browser_does_not_give_one_address_to_another(at):
    (alice,) = take(Profile("", "a@example.com", (("anonymous", "x"),)), at=at)
    (bob,) = take(Profile("", "b@example.com", (("anonymous", "x"),)), at=at)

    assert bob != alice
    assert Customer.objects.get(pk=alice).email == "a@example.com"


def test_customer_known_by_address_gets_the_external_id(at):
    (before,) = take(Profile("", "a@example.com"), at=at)
    (after,) = take(Profile("u1", "a@example.com"), at=at)

    assert before == after
    assert Customer.objects.get().external_id == "u1"


def test_suppressed_address_is_tied_to_its_new_owner(at):
    consent.suppress(channel="email", address="a@example.com", reason=SuppressionReason.COMPLAINT, at=at)
    (alice,) = take(Profile("u1", "a@example.com"), at=at)

    assert Suppression.objects.get().customer_id == alice


def test_profile_without_any_id_is_refused(at):
    with pytest.raises(NamesNobody):
        take(Profile(values={"first_name": "Nobody"}), at=at)


def test_large_set_costs_the_same_queries(at, django_assert_max_num_queries):
    profiles = [Profile(f"u{i}", f"u{i}@example.com", (("anonymous", f"x{i}"),)) for i in range(400)]
    with django_assert_max_num_queries(45):
        ids = upsert_many(profiles, source="test", at=at)
    with django_assert_max_num_queries(12):
        assert upsert_many(profiles, source="test", at=at) == ids
