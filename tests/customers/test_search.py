"""The one-box search: what finds whom, on both engines."""

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from customers.models import Customer, Identity, Order, Subscription
from customers.queries import search
from customers.rules import folding
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(at):
    """Alice and others who must not be found in her place."""
    alice = people.customer(
        "Zoë", last_name="O’Brien-Łukasik", email="zoe.o@north.example.com", phone="+447700900123", external_id="SHOP-77",
        company="Müller & Söhne GmbH",
    )  # fmt: skip
    bob = people.customer(
        "Bob", last_name="Stone", email="bob@south.example.com", phone="+491511234567", external_id="SHOP-8"
    )
    Order.objects.create(
        customer=alice, number="A-2026-17", placed_at=at, local_day=at.date(), total_minor=1, currency="GBP"
    )
    Order.objects.create(customer=bob, number="B-9", placed_at=at, local_day=at.date(), total_minor=1, currency="GBP")
    Identity.objects.create(customer=alice, kind="anonymous", value="anon-5f", linked_at=at)
    Identity.objects.create(customer=alice, kind="stripe", value="cus_Zoe1", linked_at=at)
    Subscription.objects.create(
        customer=alice, reference="sub_Zoe1", status="active", currency="GBP", started_at=at, changed_at=at
    )
    return alice, bob


@pytest.fixture
def marta(client):
    imports.account()
    user = people.staff_member("marta", is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    "typed",
    ["zoe", "ZOË", "zo", "obrien", "o'brien", "O’Brien zoe", "łukasik", "lukasik zoe", "obrien-luk",
     "muller", "sohne müller", "zoe.o@north.example.com", "zoe.o@n", "north.example.com", "@north.example.com",
     "+44 7700 900123", "07700 900123", "900123", "447700", "SHOP-77", "A-2026-17", "A-2026", "anon-5f", "cus_Zoe1",
     "sub_Zoe1", "sub_Z", "z obrien", "z o", "o z", "  zoe   lukasik  "],
)  # fmt: skip
def test_search_finds_the_one_meant(crowd, typed):
    alice, _bob = crowd

    assert [hit.customer for hit in search.suggest(typed)] == [alice]


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "%", "_", "'", '"', "\\", "*", "zoe bob", "zoe xyz", "\0", "x" * 10_000, "' OR 1=1 --", "(:*&|!)", "<->", "~", "NEAR",
     "a AND", "٣", "#", "#99999999999999999999", "{", "\ud800", "oe", "rien"],
)  # fmt: skip
def test_search_takes_anything_and_finds_nobody(crowd, typed):
    assert search.suggest(typed) == []


def test_search_finds_letters_of_every_script():
    olga, li = people.customer("Ольга", last_name="Иванова"), people.customer("李", last_name="小龙")

    assert [hit.customer for hit in search.suggest("иванова")] == [olga]
    assert [hit.customer for hit in search.suggest("李")] == [li]


def test_search_follows_changes(crowd):
    alice, bob = crowd
    Customer.objects.filter(pk=alice.pk).update(last_name="Quartz")
    bob.delete()

    assert [hit.customer for hit in search.suggest("quartz")] == [alice]
    assert search.suggest("lukasik") == []
    assert search.suggest("bob") == []


def test_search_says_by_what_somebody_was_found(crowd):
    alice, _bob = crowd

    assert [(hit.reason, hit.is_exact) for hit in search.suggest("A-2026")] == [("Order A-2026-17", False)]
    assert [(hit.reason, hit.is_exact) for hit in search.suggest("cus_Zoe1")] == [("Stripe customer cus_Zoe1", True)]
    assert [hit.customer for hit in search.suggest(f"#{alice.pk}")] == [alice]


def test_whole_words_come_before_beginnings(at):
    anna, ann = people.customer("Anna", email="1@example.com"), people.customer("Ann", email="2@example.com")

    assert [hit.customer for hit in search.suggest("ann")] == [ann, anna]


def test_an_id_goes_straight_to_its_customer_and_a_name_does_not(client, marta, crowd):
    alice, _bob = crowd
    url, page = reverse("customers:customer-search"), reverse("customers:customer-detail", args=[alice.pk])

    for text in ("SHOP-77", "A-2026-17", "ZOE.O@north.example.com", "anon-5f", f"#{alice.pk}"):
        assert client.get(url, {"q": text})["Location"] == page
    assert client.get(url, {"q": "zoe"})["Location"] == f"{reverse('customers:customer-list')}?q=zoe"
    assert client.get(url)["Location"] == reverse("customers:customer-list")


def test_a_shared_address_goes_to_nobody(client, marta):
    people.customer("A", email="both@example.com"), people.customer("B", email="both@example.com")

    assert client.get(reverse("customers:customer-search"), {"q": "both@example.com"})["Location"].startswith(
        "/customers/?q="
    )


def test_the_empty_box_offers_who_was_looked_at_last(client, marta, crowd):
    alice, bob = crowd
    for customer in (alice, bob):
        client.get(reverse("customers:customer-detail", args=[customer.pk]))
    bob_url = reverse("customers:customer-detail", args=[bob.pk])

    content = client.get(reverse("customers:customer-search"), headers={"HX-Request": "true"}).content.decode()

    assert content.index(bob_url) < content.index(reverse("customers:customer-detail", args=[alice.pk]))
    client.cookies[f"viewed_{marta.pk}"] = "².-1.99999999999999999999.x.5"
    assert client.get(reverse("customers:customer-search"), headers={"HX-Request": "true"}).status_code == 200


def test_suggestions_need_the_right_to_see_customers(client, crowd):
    client.force_login(people.staff_member("nobody"))

    assert client.get(reverse("customers:customer-search"), {"q": "zoe"}).status_code == 403


def test_the_index_is_in_place():
    """A migration that makes SQLite rebuild the table must call `customers.sql.search.install` again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'customers_customer'")
            wanted = {"customer_words", "customer_name_order"}
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'customers_customer'")
            wanted = {"customers_search_insert", "customers_search_update", "customers_search_delete"}
        assert wanted <= {row[0] for row in cursor.fetchall()}


class EverythingTyped(TestCase):
    @settings(deadline=None, max_examples=60)
    @given(st.text(max_size=40))
    def test_no_text_breaks_the_search_and_no_name_breaks_the_index(self, text):
        clean = text.replace("\0", "").encode("utf-8", "ignore").decode()
        customer = Customer.objects.create(
            first_name=clean, company=clean * 5, external_id=f"x{clean}"[:120], created_at="2026-01-01T00:00Z",
            updated_at="2026-01-01T00:00Z",
        )  # fmt: skip

        search.suggest(text)
        search.only(text)

        customer.delete()

    @settings(deadline=None, max_examples=60)
    @given(st.text(alphabet="abcXYZéøŁßÆ", min_size=2, max_size=12))
    def test_every_name_is_found_as_it_is_written(self, name):
        customer = Customer.objects.create(first_name=name, created_at="2026-01-01T00:00Z", updated_at="2026-01-01T00:00Z")

        assert [hit.customer for hit in search.suggest(name)] == [customer]
        assert [hit.customer for hit in search.suggest(folding.fold(name).upper())] == [customer]

        customer.delete()


def test_company_of_the_longest_letters_can_be_kept():
    people.customer("\U0001d160" * 120, last_name="ΐ" * 120, company="\U0001d160" * 200, email=f"{'x' * 60}@example.com")

    assert Customer.objects.count() == 1
