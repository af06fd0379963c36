"""Why somebody was in a segment at a past moment: the rules of then, and what is only known as of today."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from customers.models import Consent, ConsentChange, Event, EventAggregate, SegmentChange, SegmentMembership, Topic
from customers.queries import timeline
from customers.segments import queries
from customers.segments.actions import refresh, save
from tests.factories import journeys, people

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SAW = {"type": "event", "name": "page.viewed", "op": "at_least", "count": 1, "within": {"days": 7}}
GERMAN = {"type": "field", "field": "customer.country", "op": "is", "value": "DE"}
AGREED = {"type": "consent", "topic": "news", "channel": "email", "state": "granted"}


def rules(*conditions):
    return {"match": "all", "rules": list(conditions)}


@pytest.fixture
def marketer(client):
    client.force_login(people.staff_member("marta", "customers.view_segment", "customers.view_customer"))
    return client


@pytest.fixture
def alice():
    return people.alice(country="DE")


def answer(customer, topic, state, at):
    ConsentChange.objects.create(customer=customer, topic=topic, channel="email", state=state, source="form", changed_at=at)
    Consent.objects.update_or_create(
        customer=customer, topic=topic, channel="email", defaults={"state": state, "changed_at": at}
    )


def looked(customer, at):
    journeys.event(customer, "page.viewed", at)
    EventAggregate.objects.create(customer=customer, name="page.viewed", count=1, first_at=at, last_at=at)


def lines(explained):
    return [(line.text, line.is_true, line.is_of_today) for line in explained.line.rules]


def test_the_version_valid_then_is_answered_for_that_moment(alice):
    segment = save.rules(name="Lookers", definition=rules(SAW, GERMAN), at=MARCH)
    looked(alice, MARCH + DAY)
    refresh.whole(segment.pk, at=MARCH + 2 * DAY)
    save.rules(segment_id=segment.pk, name="Lookers", definition=rules(GERMAN), at=MARCH + 20 * DAY)

    before = queries.explain_at(segment.pk, alice.pk, MARCH - DAY)
    inside = queries.explain_at(segment.pk, alice.pk, MARCH + 3 * DAY)
    passed = queries.explain_at(segment.pk, alice.pk, MARCH + 9 * DAY)
    after = queries.explain_at(segment.pk, alice.pk, MARCH + 21 * DAY)

    assert (before.version, before.line, before.was_in) == (None, None, None)
    assert [(found.version.version, found.line.is_true, found.was_in) for found in (inside, passed, after)] == [
        (1, True, True),
        (1, False, True),
        (2, True, True),
    ]
    assert [found.contradicts for found in (inside, passed, after)] == [False, True, False]
    assert [truth for _text, truth, _today in lines(passed)] == [False, True]
    assert [today for _text, _truth, today in lines(passed)] == [False, True]


def test_consent_is_answered_by_its_log_and_not_as_of_today(alice):
    news = Topic.objects.create(slug="news", name="News")
    segment = save.rules(name="Readers", definition=rules(AGREED), at=MARCH - 10 * DAY)
    answer(alice, news, "granted", MARCH)
    answer(alice, news, "denied", MARCH + 5 * DAY)

    found = [queries.explain_at(segment.pk, alice.pk, MARCH + days * DAY) for days in (-1, 1, 6)]

    assert [(item.line.rules[0].is_true, item.line.rules[0].value) for item in found] == [
        (False, "unasked"), (True, "granted"), (False, "denied"),
    ]  # fmt: skip
    assert [item.is_partly_today for item in found] == [False, False, False]


def test_consent_that_the_log_does_not_know_is_said_to_be_of_today(alice):
    news = Topic.objects.create(slug="news", name="News")
    segment = save.rules(name="Readers", definition=rules(AGREED), at=MARCH - 10 * DAY)
    Consent.objects.create(customer=alice, topic=news, channel="email", state="granted", changed_at=MARCH)

    assert lines(queries.explain_at(segment.pk, alice.pk, MARCH - DAY))[0][1:] == (True, True)


def test_nested_groups_are_put_together_from_their_lines(alice):
    segment = save.rules(
        name="Nested", at=MARCH,
        definition={"match": "any", "rules": [{"match": "none", "rules": [GERMAN]}, {"match": "all", "rules": [GERMAN, SAW]}]},
    )  # fmt: skip

    found = queries.explain_at(segment.pk, alice.pk, MARCH + DAY)

    assert (found.line.is_true, [group.is_true for group in found.line.rules]) == (False, [False, False])


def test_the_page_says_what_history_and_rules_say(marketer, alice):
    segment = save.rules(name="Lookers", definition=rules(SAW, GERMAN), at=MARCH)
    looked(alice, MARCH + DAY)
    refresh.whole(segment.pk, at=MARCH + 2 * DAY)
    url = reverse("customers:segment-explain", args=[segment.pk])

    then = marketer.get(url, {"customer": alice.pk, "at": (MARCH + 9 * DAY).isoformat()}).content.decode()
    earlier = marketer.get(url, {"customer": alice.pk, "at": "2026-02-01"}).content.decode()
    bad = marketer.get(url, {"customer": alice.pk, "at": "30 February"}).content.decode()

    assert "Alice was in Lookers" in then
    assert "History and rules say different things" in then
    assert then.count("as of today</span>") == 1
    assert "first fill" in then
    assert "No rules are kept from that time" in earlier
    assert "history of this segment begins later" in earlier
    assert "is no date and time" in bad


def test_a_line_of_the_timeline_leads_to_its_explanation(marketer, alice):
    segment = save.rules(name="Lookers", definition=rules(GERMAN), at=MARCH)
    journeys.event(alice, "segment.entered", MARCH, segment_id=segment.pk, segment="Lookers")
    journeys.event(alice, "segment.left", MARCH + DAY, segment_id=True, segment="Odd")
    journeys.event(alice, "page.viewed", MARCH + DAY, segment_id=segment.pk)

    whys = [timeline.entry(event).why for event in Event.objects.order_by("id")]
    page = marketer.get(f"/customers/{alice.pk}/?tab=timeline").content.decode()

    assert whys[1:] == ["", ""]
    assert marketer.get(whys[0]).status_code == 200
    assert whys[0].replace("&", "&amp;") in page


def test_a_member_from_before_the_history_is_known_since_the_entry(alice):
    segment = save.listed(name="Old list", at=MARCH)
    SegmentMembership.objects.create(segment=segment, customer=alice, entered_at=MARCH)

    assert SegmentChange.objects.count() == 0
    assert queries.explain_at(segment.pk, alice.pk, MARCH + DAY).was_in is True
    assert queries.explain_at(segment.pk, alice.pk, MARCH - DAY).was_in is None
