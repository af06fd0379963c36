"""Everybody in a segment: pages, search, past moments, files and copies."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import AuditEntry, ExportJob, Segment, SegmentChange, SegmentMembership
from customers.segments.actions import freeze, lists, save
from customers.segments.queries import members_at
from customers.segments.queries import people as segment_people
from customers.segments.queries.people import Wanted
from customers.segments.views import members
from tests.factories import people

pytestmark = pytest.mark.django_db
MAY = ("customers.view_segment", "customers.view_customer", "customers.add_segment", "customers.export_customer")
MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def marketer(client):
    client.force_login(people.staff_member("marta", *MAY))
    return client


@pytest.fixture
def guests():
    """A list: Alice and Bob from the first, Bob off on the third, Carol on the fifth, Bob again on the seventh."""
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    segment = save.listed(name="Guests", at=MARCH)
    lists.add(segment.pk, [alice.pk, bob.pk], at=MARCH)
    lists.remove(segment.pk, [bob.pk], at=MARCH + 2 * DAY)
    lists.add(segment.pk, [carol.pk], at=MARCH + 4 * DAY)
    lists.add(segment.pk, [bob.pk], at=MARCH + 6 * DAY)
    segment.refresh_from_db()
    return segment


def names(segment, **wanted):
    page = segment_people.page(Wanted(segment.pk, **wanted))
    return [str(member.customer) for member in page.members]


def test_who_was_in_is_told_by_the_history(guests):
    told = [names(guests, at=MARCH + days * DAY) for days in (-1, 0, 1, 3, 5, 7)]

    assert told == [[], ["Alice", "Bob"], ["Alice", "Bob"], ["Alice"], ["Alice", "Carol"], ["Alice", "Bob", "Carol"]]
    assert names(guests) == ["Alice", "Bob", "Carol"]
    assert [segment_people.size(guests, MARCH + days * DAY) for days in (-1, 0, 3, 5)] == [0, 2, 1, 2]


def test_page_file_copy_and_query_agree_about_every_moment(guests):
    for hours in range(-24, 24 * 9, 11):
        wanted = Wanted(guests.pk, MARCH + timedelta(hours=hours))
        paged = [member.customer.pk for member in segment_people.page(wanted).members]
        assert paged == sorted(members_at(guests.pk, wanted.at).values_list("pk", flat=True))
        assert paged == sorted(segment_people.customers(wanted).values_list("pk", flat=True))
        everybody = people.Customer.objects.values_list("pk", flat=True)
        known = {pk: segment_people.was_in(guests.pk, pk, wanted.at) for pk in everybody}
        if wanted.at >= MARCH:
            assert sorted(pk for pk, is_in in known.items() if is_in) == paged
        else:
            assert set(known.values()) == {None}


def test_pages_follow_one_another_without_gaps(guests):
    for number in range(9):
        lists.add(guests.pk, [people.customer(f"P{number}").pk], at=MARCH + number * DAY)
    for at in (None, MARCH + 3 * DAY):
        whole, after = [], 0
        while True:
            page = segment_people.page(Wanted(guests.pk, at), after=after, size=4)
            whole += [member.customer.pk for member in page.members]
            after = page.after
            if not after:
                break
        assert whole == sorted(segment_people.customers(Wanted(guests.pk, at)).values_list("pk", flat=True))


def test_the_page_shows_searches_and_looks_back(marketer, guests):
    url = reverse("customers:segment-members", args=[guests.pk])

    now = marketer.get(url).content.decode()
    found = marketer.get(url, {"q": "car"}).content.decode()
    then = marketer.get(url, {"at": "2026-03-04T12:00"}).content.decode()
    bad = marketer.get(url, {"at": "tomorrow-ish"}).content.decode()

    assert [("Alice" in text, "Carol" in text) for text in (now, found, then)] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert "1 customer<" in then
    assert "is no date and time" in bad


def test_a_page_of_fifty_asks_as_often_as_a_page_of_three(marketer, guests):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert marketer.get(reverse("customers:segment-members", args=[guests.pk])).status_code == 200
        return len(asked)

    few = queries()
    lists.add(guests.pk, [people.customer(f"P{number}").pk for number in range(60)], at=MARCH + 8 * DAY)

    assert queries() == few <= 15


def csv(response):
    return b"".join(response.streaming_content).decode().splitlines()


def test_the_file_holds_exactly_the_list_and_no_formulas(marketer, guests):
    people.customer("=1+1", email="evil@example.com")
    lists.add(guests.pk, [people.Customer.objects.get(email="evil@example.com").pk], at=MARCH + 8 * DAY)
    url = reverse("customers:segment-export", args=[guests.pk])

    now = csv(marketer.post(url, {}))
    then = csv(marketer.post(url, {"at": "2026-03-04T12:00:00+00:00"}))
    found = csv(marketer.post(url, {"q": "carol"}))

    assert [len(lines) for lines in (now, then, found)] == [5, 2, 2]
    assert "alice@example.com" in then[1]
    assert "'=1+1" in now[-1]
    assert AuditEntry.objects.filter(verb="export.finished").count() == 3


def test_a_long_list_is_written_in_the_background(marketer, guests, monkeypatch):
    monkeypatch.setattr(members, "AT_ONCE", 2)

    response = marketer.post(reverse("customers:segment-export", args=[guests.pk]), {"at": "2026-03-04T12:00:00+00:00"})

    assert response["Location"] == reverse("customers:export-list")
    job = ExportJob.objects.get()
    assert segment_people.read(job.criteria["choice"]) == Wanted(guests.pk, datetime(2026, 3, 4, 12, tzinfo=UTC))


def test_keys_of_lists_are_read_as_they_were_written():
    for wanted in (Wanted(7), Wanted(7, MARCH), Wanted(7, None, "a@b|c"), Wanted(7, MARCH, "Ana")):
        assert segment_people.read(wanted.key) == wanted
    for bad in ("", "x", "7@tomorrow|", "7@2026-03-01T00:00:00|"):
        with pytest.raises(ValueError):
            segment_people.read(bad)


def test_a_copy_is_a_list_of_its_own_and_starts_nothing(marketer, guests):
    url = reverse("customers:segment-freeze", args=[guests.pk])

    response = marketer.post(url, {"name": "Guests of March 4", "at": "2026-03-04T12:00:00+00:00"})
    taken = marketer.post(url, {"name": "Guests of March 4"}, follow=True)

    copy = Segment.objects.get(name="Guests of March 4")
    assert response["Location"] == reverse("customers:segment-detail", args=[copy.pk])
    assert "Another segment has this name." in taken.content.decode()
    assert (copy.kind, copy.member_count) == ("static", 1)
    assert [str(row.customer) for row in SegmentMembership.objects.filter(segment=copy)] == ["Alice"]
    changes = SegmentChange.objects.filter(segment=copy).values_list("entered", "cause", "is_announced")
    assert list(changes) == [(True, "list", True)]


def test_a_copy_costs_the_same_however_many_it_holds(guests):
    def queries(name):
        with CaptureQueriesContext(connection) as asked:
            freeze.freeze(Wanted(guests.pk), name=name, at=MARCH + 20 * DAY)
        return len(asked)

    few = queries("One")
    lists.add(guests.pk, [people.customer(f"P{number}").pk for number in range(60)], at=MARCH + 8 * DAY)

    assert queries("Two") == few


def test_without_the_right_to_see_customers_nobody_is_shown(client, guests):
    client.force_login(people.staff_member("sam", "customers.view_segment"))

    assert client.get(reverse("customers:segment-members", args=[guests.pk])).status_code == 403
    history = client.get(reverse("customers:segment-history", args=[guests.pk])).content.decode()
    assert "Alice" not in history
