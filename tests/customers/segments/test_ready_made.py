"""Ready-made segments: offered when the data can fill them, installed once, and with the members their words promise."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from customers.models import Consent, CustomerFacts, EventAggregate, Segment, Topic
from customers.segments.actions import ready_made
from customers.segments.queries import describe, run
from customers.segments.rules import recipes as rules
from tests.factories import people

pytestmark = pytest.mark.django_db


def buyer(name, at, *, orders, days_ago, first_ago=None, revenue=1000):
    customer = people.customer(name)
    first = at - timedelta(days=days_ago if first_ago is None else first_ago)
    CustomerFacts.objects.create(
        customer=customer, order_count=orders, revenue_minor=revenue, first_order_at=first,
        last_order_at=at - timedelta(days=days_ago),
    )  # fmt: skip
    return customer


def keys(at):
    return [recipe.key for recipe in ready_made.recipes(at)]


def names(key, at):
    recipe = next(recipe for recipe in ready_made.recipes(at) if recipe.key == key)
    return sorted(run.matching(recipe.definition, at).values_list("first_name", flat=True))


def test_a_company_without_data_is_offered_nothing(at):
    people.alice()

    assert keys(at) == []
    assert ready_made.install_ready_made(at) == []


def test_orders_bring_the_segments_of_buying(at):
    buyer("Alice", at, orders=1, days_ago=5)

    assert keys(at) == ["new", "active", "repeat", "one-time", "never-ordered", "at-risk", "lapsed", "win-back"]


def test_each_segment_of_buying_holds_whom_its_words_name(at):
    buyer("Ann", at, orders=1, days_ago=5)
    buyer("Ben", at, orders=3, days_ago=60, first_ago=400)
    buyer("Cem", at, orders=2, days_ago=120, first_ago=300)
    buyer("Dora", at, orders=4, days_ago=200, first_ago=900)
    buyer("Eli", at, orders=2, days_ago=800, first_ago=900)
    people.customer("Zoe")

    assert {key: names(key, at) for key in keys(at)} == {
        "new": ["Ann"],
        "active": ["Ann", "Ben"],
        "repeat": ["Ben", "Cem", "Dora", "Eli"],
        "one-time": ["Ann"],
        "never-ordered": ["Zoe"],
        "at-risk": ["Cem"],
        "lapsed": ["Dora", "Eli"],
        "win-back": ["Dora"],
    }


def test_a_topic_somebody_agreed_to_brings_its_subscribers(at):
    news = Topic.objects.create(slug="news", name="News")
    Topic.objects.create(slug="tips", name="Tips")
    Consent.objects.create(customer=people.alice(), topic=news, channel="email", state="granted", changed_at=at)
    Consent.objects.create(customer=people.bob(), topic=news, channel="email", state="denied", changed_at=at)

    assert keys(at) == ["topic-news"]
    assert names("topic-news", at) == ["Alice"]


def test_dates_of_the_profile_bring_birthdays_and_renewals(at):
    people.alice(born_on=date(1990, 3, 20), renews_on=date(2026, 5, 1))
    people.bob(born_on=date(1990, 4, 20), renews_on=date(2026, 4, 1))

    assert {key: names(key, at) for key in keys(at)} == {
        "birthday": ["Alice"], "renewal-30": ["Bob"], "renewal-60": ["Alice", "Bob"], "renewal-90": ["Alice", "Bob"],
    }  # fmt: skip


def test_an_event_only_a_rule_none_asks_about_need_not_have_happened(at):
    EventAggregate.objects.create(customer=people.alice(), name="message.sent", count=9, first_at=at, last_at=at)

    assert keys(at) == ["unengaged"]


def test_every_recipe_has_its_own_key_and_name():
    every = rules.all_of(rules.Known([("news", "News")], [("loyal", "Loyal")]))

    assert len({recipe.key for recipe in every}) == len({recipe.name for recipe in every}) == len(every)
    assert max(len(recipe.description) for recipe in every) < 200


def test_ready_made_segments_are_installed_once_and_a_renamed_one_does_not_come_back(at):
    buyer("Alice", at, orders=1, days_ago=5)
    made = ready_made.install_ready_made(at)
    Segment.objects.filter(name="Lapsed").update(name="Gone quiet")

    assert len(made) == 8
    assert ready_made.install_ready_made(at) == []


def test_only_the_picked_ones_are_installed(at):
    buyer("Alice", at, orders=1, days_ago=5)

    made = ready_made.install_ready_made(at, keys=["lapsed", "promoters", "no-such-thing"])

    assert [(segment.name, segment.is_ready_made) for segment in made] == [("Lapsed", True)]


def test_finding_the_fitting_ones_takes_few_queries(at, django_assert_max_num_queries):
    buyer("Alice", at, orders=1, days_ago=5)
    Topic.objects.create(slug="news", name="News")

    with django_assert_max_num_queries(6):
        ready_made.recipes(at)


@pytest.fixture
def marketer(client):
    client.force_login(people.staff_member("marta", "customers.view_segment", "customers.add_segment"))
    return client


def test_the_gallery_says_what_each_segment_would_hold(marketer, at, frozen_clock):
    buyer("Ann", at, orders=1, days_ago=5)
    buyer("Ben", at, orders=3, days_ago=60, first_ago=400)

    plain = marketer.get(reverse("customers:segment-gallery"))
    counted = marketer.get(reverse("customers:segment-gallery"), {"count": "1"})

    assert "Number of orders is at least 2 and Last order is more than 90 days ago" in plain.content.decode()
    assert [row["size"] for _group, rows in plain.context["groups"] for row in rows] == [None] * 8
    sizes = {row["recipe"].key: row["size"] for _group, rows in counted.context["groups"] for row in rows}
    assert {key: size for key, size in sizes.items() if size} == {"new": 1, "active": 2, "repeat": 1, "one-time": 1}


def test_the_gallery_adds_picked_ones_or_all_that_are_missing(marketer, at):
    buyer("Ann", at, orders=1, days_ago=5)
    address = reverse("customers:segment-gallery-add")

    marketer.post(address, {"key": ["lapsed", "repeat"]})
    assert sorted(Segment.objects.values_list("name", flat=True)) == ["Lapsed", "Repeat buyers"]
    page = marketer.get(reverse("customers:segment-gallery")).content.decode()
    assert page.count("Added</span>") == 2
    marketer.post(address, {"all": "1"})
    assert Segment.objects.count() == 8
    assert marketer.post(address, {}).status_code == 302
    assert Segment.objects.count() == 8


def test_the_gallery_is_not_for_everybody(client):
    client.force_login(people.staff_member("sam", "customers.view_segment"))

    assert client.get(reverse("customers:segment-gallery")).status_code == 200
    assert client.post(reverse("customers:segment-gallery-add"), {"all": "1"}).status_code == 403


def test_every_recipe_can_be_read_aloud():
    every = rules.all_of(rules.Known([("news", "News")], [("loyal", "Loyal")]))

    assert [recipe.key for recipe in every if not describe(recipe.definition)] == []
