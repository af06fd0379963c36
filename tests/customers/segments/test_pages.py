"""Pages of segments: the builder with plain forms, previews, explanations, lists."""

import pytest
from django.urls import reverse

from customers.models import Segment
from customers.segments.actions import lists, refresh, save
from tests.factories import people

pytestmark = pytest.mark.django_db
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}
PARTS = {
    "match": "all",
    "rules": [
        {"type": "field", "field": "customer.revenue_minor", "op": "between", "value": [1050, 99900]},
        {"type": "field", "field": "customer.country", "op": "any_of", "value": ["DE", "FR"]},
        {
            "match": "any",
            "rules": [
                {
                    "type": "event",
                    "name": "page.viewed",
                    "op": "at_least",
                    "count": 3,
                    "within": {"days": 7},
                    "where": [
                        {"property": "path", "as": "text", "op": "starts", "value": "/sale"},
                        {"property": "amount", "op": "at_least", "value": 500},
                    ],
                },
                {
                    "type": "event",
                    "name": "order.placed",
                    "op": "exactly",
                    "count": 0,
                    "within": {"from": "2026-01-01", "to": "2026-02-01"},
                },
                {"type": "event_time", "name": "order.placed", "which": "first", "op": "after", "value": "2026-01-01"},
                {
                    "match": "none",
                    "rules": [
                        {
                            "type": "orders",
                            "measure": "total",
                            "op": "more",
                            "value": 5000,
                            "within": {"days": 90},
                            "category": "Mugs",
                        },
                        {"type": "consent", "topic": "news", "channel": "email", "state": "denied"},
                        {"type": "attribute", "key": "tier", "as": "number", "op": "less", "value": 2.5},
                        {"type": "random", "percent": 10, "salt": "spring"},
                    ],
                },
            ],
        },
    ],
}


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


def test_htmx_gets_the_rules_alone(marketer):
    response = marketer.post(reverse("customers:segment-add"), country("add-condition:r"), headers={"HX-Request": "true"})

    assert response.content.decode().startswith('<div id="segment-rules">')
    assert response["HX-Trigger-After-Settle"] == "segment-changed"
    assert "data-segment-focus" in response.content.decode()


def test_mistakes_are_shown_where_they_are(marketer):
    response = marketer.post(reverse("customers:segment-add"), country("save", value=""))

    assert response.status_code == 400
    assert "rules › 1 › value: Write a text." in response.content.decode()
    assert Segment.objects.count() == 0


def test_the_builder_gives_back_what_it_was_given(marketer, at):
    """Every input of the edit page, posted unchanged, saves the same definition."""
    from html.parser import HTMLParser

    class Inputs(HTMLParser):
        def __init__(self):
            super().__init__()
            self.data, self.select, self.first, self.chosen, self.multiple = [], None, None, False, False

        def handle_starttag(self, tag, attrs):
            found = dict(attrs)
            if tag == "input" and found.get("name"):
                self.data.append((found["name"], found.get("value", "")))
            if tag == "select":
                self.select, self.first, self.chosen, self.multiple = found.get("name"), None, False, "multiple" in found
            if tag == "option" and self.select:
                self.first = found["value"] if self.first is None else self.first
                if "selected" in found:
                    self.chosen = True
                    self.data.append((self.select, found["value"]))

        def handle_endtag(self, tag):
            if tag == "select":
                if not self.chosen and not self.multiple and self.first is not None:
                    self.data.append((self.select, self.first))
                self.select = None

    from customers.models import Topic

    Topic.objects.create(slug="news", name="News")
    segment = save.rules(name="Everything", definition=PARTS, at=at)
    stored = segment.definition
    url = reverse("customers:segment-edit", args=[segment.pk])
    page = Inputs()
    page.feed(marketer.get(url).content.decode())
    posted = {}
    for name, value in page.data:
        posted.setdefault(name, []).append(value)

    response = marketer.post(url, {**posted, "do": "save", "name": "Everything"})

    assert response.status_code == 302, response.content.decode()
    segment.refresh_from_db()
    assert segment.definition == stored
    assert segment.version == 1


def test_the_preview_counts_and_shows_what_saving_changes(marketer, germans, at):
    people.alice(country="DE")
    refresh.whole(germans.id, at=at)
    people.bob(country="FR")

    response = marketer.post(reverse("customers:segment-preview"), country("", value="FR", segment_id=germans.pk))

    text = response.content.decode()
    assert "<strong>1</strong>" in text
    assert "Bob" in text
    assert "Alice" not in text
    assert "Saving lets <strong>1</strong> enter and <strong>1</strong> leave." in text


def test_the_preview_without_javascript_is_a_button(marketer):
    people.alice(country="DE")

    response = marketer.post(reverse("customers:segment-add"), country("count"))

    assert "<strong>1</strong>" in response.content.decode()


def test_a_slow_count_is_stopped_with_advice(marketer, monkeypatch):
    from config.kit import sql
    from customers.segments.queries import run

    def slow(*args):
        raise sql.TookTooLong

    monkeypatch.setattr(run, "count", slow)

    response = marketer.post(reverse("customers:segment-preview"), country(""))

    assert response.status_code == 200
    assert "longer than 10 seconds" in response.content.decode()


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
