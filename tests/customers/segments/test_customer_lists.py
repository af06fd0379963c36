"""The lists of one customer: reached from their page, changed one at a time."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from customers.models import Event, SegmentMembership
from customers.segments.actions import lists, save
from tests.factories import people

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 16, 10, tzinfo=UTC)


@pytest.fixture
def marta(client):
    """A marketer who may see customers and change segments."""
    may = ("view_customer", "view_segment", "change_segment", "add_segment")
    client.force_login(people.staff_member("marta", *(f"customers.{name}" for name in may)))
    return client


def on(segment):
    return set(SegmentMembership.objects.filter(segment=segment).values_list("customer_id", flat=True))


def test_a_customer_is_put_on_a_list_and_taken_off_again(marta):
    alice, bob = people.alice(), people.bob()
    guests, press = save.listed(name="Guests", at=NOW), save.listed(name="Press", at=NOW)
    lists.add(press.pk, [alice.pk, bob.pk], at=NOW)
    url = reverse("customers:customer-lists", args=[alice.pk])
    page = marta.get(reverse("customers:customer-detail", args=[alice.pk])).content.decode()

    added = marta.post(url, {"on": guests.pk}, follow=True).content.decode()
    twice = marta.post(url, {"on": guests.pk}, follow=True).content.decode()
    marta.post(url, {"off": press.pk})

    assert f'href="{url}"' in page
    assert "is on “Guests” now" in added
    assert "was on “Guests” already" in twice
    assert (on(guests), on(press)) == ({alice.pk}, {bob.pk})


def test_journeys_hear_of_it_only_when_asked_for(marta):
    alice = people.alice()
    quiet, loud = save.listed(name="Quiet", at=NOW), save.listed(name="Loud", at=NOW)
    url = reverse("customers:customer-lists", args=[alice.pk])

    marta.post(url, {"on": quiet.pk})
    marta.post(url, {"on": loud.pk, "is_told": "1"})

    told = Event.objects.filter(name="segment.entered").values_list("properties", flat=True)
    assert [properties["segment_id"] for properties in told] == [loud.pk]


def test_rules_and_unknown_lists_are_refused(marta):
    alice = people.alice(country="DE")
    rules = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "FR"}]}
    segment = save.rules(name="French", definition=rules, at=NOW)
    url = reverse("customers:customer-lists", args=[alice.pk])

    for wanted in (segment.pk, 999_999, "x", ""):
        assert "Choose a list." in marta.post(url, {"on": wanted}, follow=True).content.decode()

    assert on(segment) == set()
    assert "There is no list yet" in marta.get(url).content.decode()


def test_a_new_list_can_begin_with_the_customer(marta):
    alice = people.alice()

    page = marta.get(reverse("customers:segment-list-add"), {"people": f"#{alice.pk}"}).content.decode()

    assert f"#{alice.pk}</textarea>" in page
