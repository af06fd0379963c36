"""The customer's page: a GET never answers, a POST does, and the link ends when it should."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import tokens
from customers.models import Event
from surveys.actions import answer, edit
from surveys.models import Invitation, LatestScore, Response, ResponseRevision, SurveyStop
from surveys.queries.merge import PREVIEW
from tests.factories import people
from tests.factories import surveys as make

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SCANNERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.5.0", "python-requests/2.32",
    "Go-http-client/2.0", "Mozilla/5.0 (Windows NT 10.0) SafeLinks", "Proofpoint URL Defense", "Mimecast-Scanner/1.0",
    "Barracuda Sentinel", "facebookexternalhit/1.1", "WhatsApp/2.24", "Slackbot-LinkExpanding 1.0", "HeadlessChrome/140",
]  # fmt: skip


@pytest.fixture
def asked(at, frozen_clock):
    alice = people.alice()
    return make.invitation(make.survey(), alice, at - timedelta(hours=2))


@pytest.fixture
def browser():
    return Client(headers={"User-Agent": FIREFOX}, enforce_csrf_checks=True)


def url(invitation, name="answer"):
    return reverse(f"surveys:{name}", args=[tokens.sign("survey", invitation.pk)])


def stamp(browser, address):
    return re.search(r'name="stamp" value="([^"]+)"', browser.get(address).content.decode())[1]


def send(browser, invitation, score, name="answer", **values):
    return browser.post(
        url(invitation, name), {"stamp": stamp(browser, url(invitation)), "score": score, "human": "on", **values}
    )


@pytest.mark.parametrize("agent", [*SCANNERS, FIREFOX])
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_writes_nothing(asked, agent, method):
    client = Client(headers={"User-Agent": agent})

    for score in range(11):
        page = getattr(client, method)(f"{url(asked)}?score={score}")
        assert page.status_code == 200

    assert Response.objects.count() == 0
    assert Event.objects.count() == 0
    assert Invitation.objects.get().opened_at is None
    assert page["Cache-Control"] == "no-store"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert method == "get" or page.content == b""


def test_get_preselects_the_score_of_the_mail(asked, browser):
    page = browser.get(f"{url(asked)}?score=9").content.decode()

    assert re.findall(r'value="(\d+)" required checked', page) == ["9"]
    assert "Hello Alice" in page
    assert "alice@example.com" not in page


@pytest.mark.parametrize("score", ["11", "-1", "nine", "9" * 400, "٣", ""])
def test_get_passes_over_a_score_that_is_none(asked, browser, score):
    page = browser.get(url(asked), {"score": score})

    assert page.status_code == 200
    assert b"checked" not in page.content


def test_post_answers(asked, browser, at):
    page = send(browser, asked, 9, comment="Lovely mugs")

    response = Response.objects.get()
    assert page.status_code == 200
    assert "you made our day" in page.content.decode()
    assert (response.score, response.band, response.state, response.suspicion) == (9, "promoter", "confirmed", "")
    assert (response.comment, response.customer_id, response.confirmed_at) == ("Lovely mugs", asked.customer_id, at)
    assert LatestScore.objects.get().score == 9
    names = Event.objects.order_by("id").values_list("name", "properties__score", "properties__band")
    assert list(names) == [("survey.answered", 9, "promoter"), ("survey.commented", 9, "promoter")]


def test_post_without_the_page_s_stamp_is_refused(asked, browser):
    page = browser.post(url(asked), {"score": 9, "stamp": "forged"})

    assert page.status_code == 400
    assert Response.objects.count() == 0


def test_stamp_of_one_link_does_not_open_another(asked, browser, at):
    other = make.invitation(asked.survey, people.bob(), at)

    page = browser.post(url(asked), {"score": 9, "stamp": stamp(browser, url(other))})

    assert page.status_code == 400
    assert Response.objects.count() == 0


@pytest.mark.parametrize("score", ["", "11", "-3", "x"])
def test_post_of_no_score_asks_again(asked, browser, score):
    page = send(browser, asked, score)

    assert page.status_code == 400
    assert "Please choose a number" in page.content.decode()
    assert Response.objects.count() == 0


def test_low_score_may_ask_for_contact_and_high_ones_not(asked, browser, at):
    send(browser, asked, 2, may_contact="on")
    assert Response.objects.get().may_contact is True

    send(browser, asked, 10, may_contact="on")
    assert Response.objects.get().may_contact is False


def test_answer_can_be_changed_for_a_day_and_keeps_its_versions(asked, browser, frozen_clock, at):
    send(browser, asked, 3, comment="Broken")
    frozen_clock.move_to(at + timedelta(hours=23))
    send(browser, asked, 8)
    frozen_clock.move_to(at + timedelta(hours=25))
    late = browser.post(url(asked), {"score": 0, "stamp": "x"})

    response = Response.objects.get()
    assert (response.score, response.comment) == (8, "Broken")
    assert late.status_code == 410
    assert list(ResponseRevision.objects.order_by("id").values_list("score", flat=True)) == [3, 8]
    assert LatestScore.objects.get().score == 8
    assert Event.objects.filter(name="survey.answered").count() == 1


def test_early_score_counts_after_half_an_hour_of_quiet(asked, browser, at):
    page = send(browser, asked, 9, name="early")

    assert page.status_code == 204
    assert Response.objects.get().state == "provisional"
    assert Event.objects.count() == 0
    assert answer.settle_quiet(at=at + timedelta(minutes=29)) == 0
    assert answer.settle_quiet(at=at + timedelta(minutes=31)) == 1
    assert Response.objects.get().state == "confirmed"
    assert Event.objects.get().name == "survey.answered"
    assert LatestScore.objects.get().score == 9
    assert answer.settle_quiet(at=at + timedelta(minutes=32)) == 0


def test_early_score_of_a_page_opened_again_leaves_what_was_sent(asked, browser):
    send(browser, asked, 9)
    send(browser, asked, 0, name="early")

    assert Response.objects.get().score == 9


def test_scanner_that_runs_scripts_is_kept_but_counts_nowhere(asked, browser, at):
    for score in (0, 5, 10):
        send(browser, asked, score, name="early", human="")

    response = Response.objects.get()
    assert response.suspicion == "many_scores"
    assert answer.settle_quiet(at=at + timedelta(hours=2)) == 0
    assert LatestScore.objects.count() == 0
    assert Event.objects.count() == 0


def test_person_clears_the_suspicion_that_a_scanner_raised(asked, browser):
    for score in (0, 10):
        send(browser, asked, score, name="early", human="")
    send(browser, asked, 7)

    response = Response.objects.get()
    assert (response.score, response.suspicion, response.state) == (7, "", "confirmed")
    assert LatestScore.objects.get().score == 7


def test_answer_within_a_minute_of_the_delivery_needs_a_person(asked, browser, at):
    Invitation.objects.update(sent_at=at - timedelta(seconds=30))

    send(browser, asked, 9, human="")
    assert Response.objects.get().suspicion == "too_soon"

    send(browser, asked, 9)
    assert Response.objects.get().suspicion == ""


@pytest.mark.parametrize("token", ["x", "A" * 32, "é", "%00", "a" * 5000])
def test_unknown_token_is_one_plain_404(db, browser, token):
    assert browser.get(f"/s/{token}").status_code == 404
    assert browser.post(f"/s/{token}/early/").status_code == 404


def test_token_of_another_purpose_opens_nothing(asked, browser):
    assert browser.get(f"/s/{tokens.sign('unsubscribe', asked.pk)}").status_code == 404


def test_link_ends_with_its_time(asked, browser, frozen_clock, at):
    frozen_clock.move_to(at + timedelta(days=61))

    page = browser.get(url(asked))

    assert page.status_code == 410
    assert "run out" in page.content.decode()


def test_link_ends_with_its_survey(asked, browser, at):
    mark = stamp(browser, url(asked))
    edit.close(asked.survey, by=None, at=at)

    page = browser.post(url(asked), {"score": 9, "stamp": mark})

    assert page.status_code == 410
    assert "survey is over" in page.content.decode()
    assert Response.objects.count() == 0


def test_wrong_person_switches_the_link_off_on_post_only(asked, browser):
    address = url(asked, "wrong-person")

    mark = stamp(browser, address)
    assert browser.get(url(asked)).status_code == 200

    browser.post(address, {"stamp": mark})
    assert browser.get(url(asked)).status_code == 410


def test_stop_is_noted_on_post_only(asked, browser):
    address = url(asked, "stop")

    mark = stamp(browser, address)
    assert SurveyStop.objects.count() == 0

    browser.post(address, {"stamp": mark})
    assert SurveyStop.objects.get().customer_id == asked.customer_id


def test_preview_shows_everything_and_stores_nothing(asked, browser):
    address = f"/s/{tokens.sign(PREVIEW, asked.survey_id)}"

    page = browser.post(address, {"score": 10, "stamp": stamp(browser, address)})

    assert page.status_code == 200
    assert "nothing was stored" in page.content.decode()
    assert Response.objects.count() == 0


def test_comment_is_escaped_and_cut(asked, browser):
    send(browser, asked, 5, comment="<script>alert(1)</script>")
    long = send(browser, asked, 5, comment="x" * 5000)

    assert Response.objects.get().comment == "<script>alert(1)</script>"
    assert long.status_code == 400
