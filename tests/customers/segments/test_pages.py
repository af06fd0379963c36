"""Pages of segments: the builder with plain forms, previews, explanations, lists."""

import pytest
from django.urls import reverse

from customers.models import Segment
from customers.segments.actions import lists, refresh, save
from tests.factories import people

pytestmark = pytest.mark.django_db
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}


@pytest.fixture
def marketer(client):
    user = people.staff_member(
        "marta",
        "customers.view_segment",
        "customers.add_segment",
        "customers.change_segment",
        "customers.delete_segment",
        "customers.view_customer",
    )
    client.force_login(user)
    return client


@pytest.fixture
def germans(at):
    return save.rules(name="Germans", definition=GERMANS, at=at)


def country(do, value="DE", **more):
    return {
        "do": do,
        "name": "Germans",
        "description": "",
        "r.match": "all",
        "r.n": "1",
        "r.0.what": "field:customer.country",
        "r.0.op": "is",
        "r.0.value": value,
        **more,
    }


def test_pages_need_the_permission(client):
    client.force_login(people.staff_member("sam"))

    statuses = [client.get(reverse(f"customers:segment-{name}")).status_code for name in ("list", "add", "list-add")]

    assert statuses == [403, 403, 403]


def test_a_segment_is_made_with_plain_posts(marketer):
    url = reverse("customers:segment-add")
    assert marketer.get(url).status_code == 200

    grown = marketer.post(url, country("add-group:r"))
    saved = marketer.post(url, country("save"))

    assert grown.status_code == 200
    assert 'name="r.1.0.what"' in grown.content.decode()
    segment = Segment.objects.get()
    assert saved["Location"] == reverse("customers:segment-detail", args=[segment.pk])
    assert segment.definition == GERMANS
    removed = marketer.post(url, country("remove:r.0"))
    assert 'name="r.0.value"' not in removed.content.decode()


HOSTILE = [
    {"_connector": "OR 1=1 OR"},
    {"r.n": "999999999999999999"},
    {"r.n": "-1"},
    {"r.0.what": "field:customer.country__in"},
    {"r.0.what": "field:customer.attributes__x"},
    {"r.0.op": "is'; DROP TABLE customers_customer; --"},
    {"r.0.value": "\x00"},
    {"r.0.what": "attribute", "r.0.key": "a\"' -- %s", "r.0.op": "is"},
    {"r.0.what": "{{ 1 }}"},
    {"r.0.what": "event", "r.0.name": 'x" OR 1=1', "r.0.count": "9" * 40},
    {"r.0.what": "segment", "r.0.segment": "9" * 30},
    {"r.0.what": "attribute", "r.0.key": "a", "r.0.as": "__class__"},
    {"segment_id": "²"},
    {"r.0.n": "3", "r.0.match": "or"},
    {"r.0.what": "random", "r.0.percent": "1e9"},
    {"do": "remove:r.9.9.9"},
    {"do": "add-group:r.0.0.0"},
    {"do": "save:\x00"},
    {"r.0.what": "orders", "r.0.measure": "total", "r.0.op": "is", "r.0.value": "9" * 300},
]


@pytest.mark.parametrize("parts", HOSTILE)
def test_hostile_input_is_refused_and_never_breaks(marketer, germans, parts):
    people.alice(country="DE")
    data = {**country("save"), **parts}

    statuses = [
        marketer.post(reverse(f"customers:segment-{name}"), {**data, "do": do}).status_code
        for name, do in [("add", "count"), ("add", parts.get("do", "refresh")), ("preview", "")]
    ]

    assert set(statuses) <= {200, 302, 400}


def test_lists_and_pages_show_what_there_is(marketer, germans, at):
    alice = people.alice(country="DE")
    refresh.whole(germans.id, at=at)
    follower = save.rules(
        name="Follower",
        at=at,
        definition={"match": "all", "rules": [{"type": "segment", "segment": germans.pk, "op": "in"}]},
    )

    listing = marketer.get(reverse("customers:segment-list")).content.decode()
    page = marketer.get(reverse("customers:segment-detail", args=[germans.pk])).content.decode()
    why = marketer.get(reverse("customers:segment-explain", args=[germans.pk]), {"customer": alice.email}).content.decode()

    assert "Germans" in listing
    assert f"/segments/{follower.pk}/" in listing
    assert "Country is Germany" in page
    assert "Alice" in page
    assert "Alice is in Germans" in why
    assert "(found: DE)" in why


def test_the_list_page_asks_as_often_for_three_segments_as_for_one(marketer, germans, at, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            marketer.get(reverse("customers:segment-list"))
        return len(found)

    one = queries()
    for number in range(3):
        save.rules(name=f"Copy {number}", definition=GERMANS, at=at)

    assert queries() == one


def test_a_segment_in_use_stays(marketer, germans, at):
    follower = save.rules(
        name="Follower",
        at=at,
        definition={"match": "all", "rules": [{"type": "segment", "segment": germans.pk, "op": "in"}]},
    )

    marketer.post(reverse("customers:segment-delete", args=[germans.pk]))
    marketer.post(reverse("customers:segment-delete", args=[follower.pk]))
    assert list(Segment.objects.values_list("name", flat=True)) == ["Germans"]

    assert marketer.get(reverse("customers:segment-delete", args=[germans.pk])).status_code == 200
    assert Segment.objects.count() == 1


def test_a_list_shared_address_names_everybody(at):
    first, second = people.alice(), people.customer("Alina", email="alice@example.com")

    assert lists.read("alice@example.com").customer_ids == (first.id, second.id)
