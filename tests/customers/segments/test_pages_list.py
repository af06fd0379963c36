"""The list of segments and the page of one: filters, what moved, health, and asking before something is lost."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Segment, SegmentCount
from customers.segments.actions import lists, refresh, save
from customers.segments.queries import before_save, listing
from customers.segments.views import pages
from tests.factories import journeys, people

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
TODAY = date(2026, 3, 16)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(listing, "now", lambda: NOW)
    monkeypatch.setattr(pages, "now", lambda: NOW)


@pytest.fixture
def marketer(client):
    may = ("view_segment", "add_segment", "change_segment", "delete_segment", "view_customer")
    client.force_login(people.staff_member("marta", *(f"customers.{name}" for name in may)))
    return client


def country(code):
    return {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": code}]}


@pytest.fixture
def segments():
    """Germans, who grew; followers, who build on them; a list that has a problem of its own."""
    germans = save.rules(name="Germans", description="From the north", definition=country("DE"), at=NOW)
    save.rules(
        name="Followers", at=NOW,
        definition={"match": "all", "rules": [{"type": "segment", "segment": germans.pk, "op": "in"}]},
    )  # fmt: skip
    broken = save.listed(name="Broken", at=NOW)
    Segment.objects.filter(pk=broken.pk).update(problem="It broke.")
    Segment.objects.filter(pk=germans.pk).update(member_count=150, refreshed_at=NOW, seconds=2.5)
    for days, size in ((35, 80), (9, 100), (1, 140)):
        day = TODAY - timedelta(days=days)
        SegmentCount.objects.create(segment=germans, day=day, member_count=size, entered=days, left=1)
    return germans


def shown(client, **wanted):
    page = client.get(reverse("customers:segment-list"), wanted)
    return [row.segment.name for row in page.context["rows"]]


def test_the_list_is_searched_filtered_and_sorted(marketer, segments):
    assert shown(marketer) == ["Broken", "Followers", "Germans"]
    assert shown(marketer, q="north") == ["Germans"]
    assert shown(marketer, kind="list") == ["Broken"]
    assert shown(marketer, kind="rules") == ["Followers", "Germans"]
    assert shown(marketer, state="used") == ["Germans"]
    assert shown(marketer, state="unused") == ["Broken", "Followers"]
    assert shown(marketer, state="problem") == ["Broken"]
    assert shown(marketer, sort="-size") == ["Germans", "Broken", "Followers"]
    assert shown(marketer, sort="'; DROP", kind="x", state="y") == ["Broken", "Followers", "Germans"]


def test_changes_are_against_the_size_of_that_day(segments):
    row = next(row for row in listing.rows(list(Segment.objects.all())) if row.segment == segments)

    assert row.week == 50
    counted = list(SegmentCount.objects.order_by("day").values_list("day", "member_count"))
    assert listing.changes(Segment.objects.get(pk=segments.pk), counted) == (50, 70)
    assert len(row.spark.split()) == 3


def test_the_first_visit_offers_segments_to_start_from(marketer):
    people.alice(country="DE")
    page = marketer.get(reverse("customers:segment-list"))
    offered = page.context["recipes"]

    assert "No segments yet" in page.content.decode()
    if offered:
        marketer.post(reverse("customers:segment-install"), {"recipe": offered[0].key})
        assert [segment.name for segment in Segment.objects.all()] == [offered[0].name]


def test_the_page_says_how_it_grew_and_how_fresh_it_is(marketer, segments):
    page = marketer.get(reverse("customers:segment-detail", args=[segments.pk])).content.decode()

    assert "+50" in page
    assert "+70" in page
    assert "2.5 seconds" in page
    assert "So far nothing had to be put right" in page
    assert "Followers" in page


def test_the_page_says_what_the_night_repaired_and_when_it_is_tried_again(marketer, segments):
    Segment.objects.filter(pk=segments.pk).update(
        problem="The rules took too long.", attempts=2, retry_at=NOW + timedelta(hours=1), drift_at=NOW, drift_entered=1234,
        drift_left=5,
    )  # fmt: skip

    page = marketer.get(reverse("customers:segment-detail", args=[segments.pk])).content.decode()

    assert "1,234 had to enter and 5 to leave" in page
    assert "The rules took too long." in page
    assert "It is tried again" in page


def test_pages_of_large_segments_ask_as_often_as_those_of_small_ones(marketer, segments):
    def queries(name):
        with CaptureQueriesContext(connection) as asked:
            assert marketer.get(reverse(f"customers:segment-{name}", args=[segments.pk])).status_code == 200
        return sum("set_config" not in query["sql"] for query in asked.captured_queries)  # a time limit is no question

    people.alice(country="DE")
    refresh.whole(segments.pk, at=NOW)
    few = [queries("detail"), queries("history")]
    for number in range(30):
        people.customer(f"P{number}", country="DE")
    refresh.whole(segments.pk, at=NOW)
    for number in range(4):
        save.rules(segment_id=segments.pk, name="Germans", definition=country(f"A{number}"), at=NOW)

    assert max(queries("detail") - few[0], queries("history") - few[1]) <= 1
    assert max(few) <= 15


def test_what_is_in_use_is_named_before_deleting(marketer, segments):
    page = marketer.get(reverse("customers:segment-delete", args=[segments.pk])).content.decode()
    free = Segment.objects.get(name="Followers")

    assert "Followers" in page
    assert "Delete segment</button>" not in page
    assert "Make a list first" in marketer.get(reverse("customers:segment-delete", args=[free.pk])).content.decode()


def test_versions_are_shown_with_what_changed_and_can_be_restored(marketer, segments):
    alice, bob = people.alice(country="DE"), people.bob(country="FR")
    refresh.whole(segments.pk, at=NOW)
    save.rules(segment_id=segments.pk, name="Germans", definition=country("FR"), at=NOW + timedelta(hours=1))
    refresh.whole(segments.pk, at=NOW + timedelta(hours=2))
    history = marketer.get(reverse("customers:segment-history", args=[segments.pk])).content.decode()
    url = reverse("customers:segment-restore", args=[segments.pk, 1])

    asked = marketer.get(url).content.decode()
    marketer.post(url, {"opened": "2"})
    again = marketer.post(url, {"opened": "2"}, follow=True).content.decode()

    assert "<ins>Country is France</ins>" in history
    assert "<del>Country is Germany</del>" in history
    assert [str(alice) in history, str(bob) in history] == [True, True]
    assert "<strong>1</strong> would enter and <strong>1</strong> would leave." in asked
    segment = Segment.objects.get(pk=segments.pk)
    assert (segment.version, segment.definition) == (3, country("DE"))
    assert "Meanwhile version 3 was saved by marta" in again


def test_restoring_asks_first_when_it_would_start_a_journey(marketer, segments):
    entry = {"kind": "event", "event": "segment.entered", "where": {"segment_id": segments.pk}}
    journeys.journey(journeys.send(), name="Welcome", entry=entry)
    people.alice(country="DE")
    save.rules(segment_id=segments.pk, name="Germans", definition=country("FR"), at=NOW)
    refresh.whole(segments.pk, at=NOW)
    url = reverse("customers:segment-restore", args=[segments.pk, 1])

    asked = marketer.get(url).content.decode()
    marketer.post(url, {"opened": "2"})
    assert Segment.objects.get(pk=segments.pk).version == 2
    marketer.post(url, {"opened": "2", "announce": "quiet"})

    assert "1 customer, 1 message at once" in asked
    assert Segment.objects.values_list("version", "is_quiet").get(pk=segments.pk) == (3, True)


def test_restoring_for_many_needs_a_second_yes(marketer, segments, monkeypatch):
    monkeypatch.setattr(before_save, "MANY", 1)
    entry = {"kind": "event", "event": "segment.entered", "where": {"segment_id": segments.pk}}
    journeys.journey(journeys.send(), name="Welcome", entry=entry)
    people.alice(country="DE")
    people.bob(country="DE")
    save.rules(segment_id=segments.pk, name="Germans", definition=country("FR"), at=NOW)
    refresh.whole(segments.pk, at=NOW)
    url = reverse("customers:segment-restore", args=[segments.pk, 1])

    asked = marketer.post(url, {"opened": "2", "announce": "tell"}).content.decode()
    assert Segment.objects.get(pk=segments.pk).version == 2
    marketer.post(url, {"opened": "2", "announce": "tell", "confirmed": "2"})

    assert "Yes, start it for 2 customers" in asked
    assert 'value="tell" checked' in asked
    assert Segment.objects.values_list("version", "is_quiet").get(pk=segments.pk) == (3, False)


def test_entries_and_exits_are_filtered_and_paged(marketer):
    segment = save.listed(name="Guests", at=NOW)
    crowd = [people.customer(f"P{number}").pk for number in range(70)]
    lists.add(segment.pk, crowd, at=NOW)
    lists.remove(segment.pk, crowd[:2], at=NOW + timedelta(days=1))
    url = reverse("customers:segment-history", args=[segment.pk])

    first = marketer.get(url).context["moves"]
    second = marketer.get(url, {"cursor": first.cursor}).context["moves"]
    mine = marketer.get(url, {"customer": f"#{crowd[0]}"}).context["moves"]
    day = marketer.get(url, {"day": "2026-03-17"}).context["moves"]
    odd = marketer.get(url, {"cursor": "0001-01-01T00:00:00+14:00_1", "day": "never"}).context["moves"]

    seen = [row.pk for row in [*first.rows, *second.rows]]
    assert (len(seen), len(set(seen)), second.cursor) == (72, 72, "")
    assert [row.entered for row in mine.rows] == [False, True]
    assert {row.customer_id for row in day.rows} == set(crowd[:2])
    assert len(odd.rows) == 50
