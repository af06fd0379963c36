"""Before rules are saved: what would start is asked, many need a yes, and nobody overwrites a colleague."""

import pytest
from django.urls import reverse

from customers.models import Segment
from customers.ports import segment_starts
from customers.ports.segment_starts import Start, Starts
from customers.segments.actions import refresh, save
from customers.segments.queries.before_save import Question
from tests.factories import people

pytestmark = pytest.mark.django_db
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}


@pytest.fixture
def marketer(client):
    client.force_login(people.staff_member("marta", is_superuser=True))
    return client


@pytest.fixture
def germans(at):
    people.alice(country="DE")
    people.bob(country="FR")
    segment = save.rules(name="Germans", definition=GERMANS, at=at)
    refresh.whole(segment.id, at=at)
    return segment


@pytest.fixture
def welcome(monkeypatch):
    """A journey that starts for everybody who enters; the test may say that there are more of them."""
    more = {"customers": 0}

    def find(segment_id, entering, leaving):
        return [Start("Journey", "Welcome", "/journeys/1/", entering.count() + more["customers"], 3)]

    monkeypatch.setattr(segment_starts, "all", lambda: [Starts("test", find)])
    return more


def french(do="save", **more):
    return {
        "do": do, "name": "Germans", "description": "", "r.match": "all", "r.n": "1", "r.0.what": "field:customer.country",
        "r.0.op": "is", "r.0.value": "FR", **more,
    }  # fmt: skip


def edit(marketer, segment, **more):
    return marketer.post(reverse("customers:segment-edit", args=[segment.pk]), french(**more))


def test_the_panel_says_who_would_enter_and_leave_and_what_would_start(marketer, germans, welcome):
    panel = marketer.post(reverse("customers:segment-preview"), french("", segment_id=germans.pk)).content.decode()

    assert "Saving lets <strong>1</strong> enter and <strong>1</strong> leave." in panel
    assert panel.index("Who would enter") < panel.index("Bob") < panel.index("Who would leave") < panel.index("Alice")
    assert "50.0% of all 2" in panel
    assert "1 customer, 3 messages at once" in panel


def test_rules_that_would_start_something_are_saved_only_with_an_answer(marketer, germans, welcome):
    asked = edit(marketer, germans)
    germans.refresh_from_db()
    assert (asked.status_code, germans.version) == (200, 1)
    assert "one question first" in asked.content.decode()

    edit(marketer, germans, announce="quiet")

    germans.refresh_from_db()
    assert (germans.version, germans.is_quiet) == (2, True)


def test_telling_more_than_a_thousand_needs_a_yes(marketer, germans, welcome):
    welcome["customers"] = 1200

    first = edit(marketer, germans, announce="tell")
    assert "Yes, start it for 1,201 customers" in first.content.decode()
    assert Segment.objects.get().version == 1

    edit(marketer, germans, announce="tell", confirmed="1201")

    germans.refresh_from_db()
    assert (germans.version, germans.is_quiet) == (2, False)


@pytest.mark.parametrize(
    ("choice", "confirmed", "is_enough"),
    [("tell", 0, False), ("tell", 1099, True), ("tell", 1090, False), ("quiet", 0, True), ("", 1201, False)],
)
def test_a_yes_holds_while_no_more_than_a_tenth_were_added(choice, confirmed, is_enough):
    question = Question([Start("Journey", "Welcome", "/", 1201)])

    assert question.is_answered(choice, confirmed) is is_enough


def test_nothing_is_asked_when_nothing_would_start(marketer, germans):
    assert edit(marketer, germans).status_code == 302


def test_a_colleagues_newer_rules_are_shown_and_not_overwritten(marketer, germans, at):
    mara = people.staff_member("mara")
    theirs = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "IT"}]}
    save.rules(segment_id=germans.pk, name="Germans", definition=theirs, at=at, user_id=mara.pk)

    refused = edit(marketer, germans, opened="1")

    text = refused.content.decode()
    assert refused.status_code == 409
    assert "mara saved other rules while you were editing" in text
    assert '<li class="is-first"><span>theirs</span> Country is Italy</li>' in text
    assert '<li class="is-second"><span>yours</span> Country is France</li>' in text
    assert Segment.objects.get().definition == theirs
    assert '<input type="hidden" name="opened" value="2">' in text
    assert edit(marketer, germans, opened="2").status_code == 302


def test_every_condition_is_counted_alone_when_asked(marketer, germans):
    panel = marketer.post(reverse("customers:segment-preview"), french("count-each")).content.decode()
    plain = marketer.post(reverse("customers:segment-add"), french("count")).content.decode()

    assert '<span id="alone-r.0" hx-swap-oob="innerHTML">1 alone' in panel
    assert "<strong>1</strong>" in plain
    assert "1 alone" not in plain


def test_a_slow_count_is_stopped_and_says_so(marketer, germans, monkeypatch):
    from config.kit import sql
    from customers.segments.queries import counting

    def slow(*args):
        raise sql.TookTooLong

    monkeypatch.setattr(counting, "look", slow)

    response = marketer.post(reverse("customers:segment-preview"), french(""))

    assert response.status_code == 200
    assert "longer than 10 seconds" in response.content.decode()
