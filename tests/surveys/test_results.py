"""Which answers count, and what the staff pages say about them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from customers.models import Segment, SegmentMembership
from surveys.enums import SurveyState
from surveys.models import Survey
from surveys.queries import results
from surveys.rules.nps import Counts
from tests.factories import people
from tests.factories import surveys as make

pytestmark = pytest.mark.django_db

VIEW = ("surveys.view_survey", "surveys.view_response")
TEXTS = {
    "name": "Spring", "question": "How likely?", "why_detractor": "a", "why_passive": "b", "why_promoter": "c",
    "thanks_detractor": "d", "thanks_passive": "e", "thanks_promoter": "f", "throttle_days": 90, "link_days": 60,
}  # fmt: skip


@pytest.fixture
def survey():
    return make.survey()


def counts(survey, **values):
    return results.counts(results.newest_per_person(results.counted(survey, **values)))


def test_newest_answer_of_each_person_counts(survey, at):
    alice, bob = people.alice(), people.bob()
    make.response(survey, alice, 2, at - timedelta(days=40))
    make.response(survey, alice, 9, at - timedelta(days=5))
    make.response(survey, bob, 7, at - timedelta(days=40))

    assert counts(survey) == Counts(promoters=1, passives=1)
    assert counts(survey, until=at - timedelta(days=30)) == Counts(passives=1, detractors=1)


def test_provisional_suspected_and_other_surveys_do_not_count(survey, at):
    make.response(survey, people.alice(), 9, at, state="provisional", confirmed_at=None)
    make.response(survey, people.bob(), 9, at, suspicion="too_soon")
    make.response(make.survey("Other", SurveyState.CLOSED), people.carol(), 9, at)

    assert counts(survey).total == 0
    assert results.excluded_count(survey) == 1


def test_score_is_hidden_below_thirty_answers():
    assert results.score_of(Counts(29, 0, 0)).value is None
    assert results.score_of(Counts(30, 0, 0)).value == 100


def test_months_compare_with_the_month_before(survey, at):
    make.crowd(survey, [10] * 60 + [0] * 40, at - timedelta(days=31), "a")
    make.crowd(survey, [10] * 90 + [0] * 10, at, "b")

    before, after = results.months(survey)

    assert (before.score.value, after.score.value) == (20, 80)
    assert before.change is None
    assert (after.change.points, after.change.is_significant) == (60, True)


def test_groups_hide_small_ones_and_split_by_segment(survey, at):
    answers = make.crowd(survey, [10] * 12, at)
    segment = Segment.objects.create(name="Best", slug="best", created_at=at, updated_at=at)
    SegmentMembership.objects.bulk_create(
        [SegmentMembership(segment=segment, customer=a.customer, entered_at=at) for a in answers[:9]]
    )
    newest = results.newest_per_person(results.counted(survey))

    (group,) = results.groups(newest, by="segment")
    assert (group.label, group.score.total, group.score.value) == ("Best", 9, None)
    (whole,) = results.groups(newest, by="customer.country")
    assert (whole.score.total, whole.score.value) == (12, 100)


def test_response_rate_counts_sent_invitations(survey, at):
    make.response(survey, people.alice(), 9, at)
    make.invitation(survey, people.bob(), at)
    make.invitation(survey, people.carol(), at, sent_at=None)

    rate = results.response_rate(survey, since=None)

    assert (rate.asked, rate.answered, rate.share) == (2, 1, 0.5)


def test_results_page_says_not_enough_and_escapes_comments(client, survey, at):
    client.force_login(people.staff_member("marta", *VIEW))
    make.response(survey, people.alice(), 3, at, comment="<script>bad</script>")

    text = client.get(reverse("surveys:results", args=[survey.pk]), {"period": "all"}).content.decode()

    assert "Not enough answers yet" in text
    assert "&lt;script&gt;bad" in text
    assert "<script>bad" not in text


@pytest.mark.parametrize("query", ["?period=all", "?period=x&by=y", "?by=segment", "?by=surveys.nps_band&period=30"])
def test_results_page_takes_any_query(client, survey, at, frozen_clock, query):
    client.force_login(people.staff_member("marta", *VIEW))
    make.crowd(survey, [10] * 20 + [5] * 20, at - timedelta(days=2))

    page = client.get(reverse("surveys:results", args=[survey.pk]) + query)

    assert page.status_code == 200
    assert "Net Promoter Score" in page.content.decode()


def test_list_costs_the_same_for_one_and_three_surveys(client, survey, at, django_assert_max_num_queries):
    client.force_login(people.staff_member("marta", *VIEW))
    make.crowd(survey, [10] * 3, at)
    client.get(reverse("surveys:list"))
    make.survey("B", SurveyState.DRAFT)
    make.survey("C", SurveyState.CLOSED)

    with django_assert_max_num_queries(12):
        page = client.get(reverse("surveys:list"))

    assert page.status_code == 200


def test_comments_are_searched_by_text_and_band(client, survey, at):
    client.force_login(people.staff_member("marta", *VIEW))
    make.response(survey, people.alice(), 3, at, comment="Broken mug")
    make.response(survey, people.bob(), 10, at, comment="Lovely mug")
    url = reverse("surveys:comments", args=[survey.pk])

    both = client.get(url, {"text": "MUG"}).content.decode()
    one = client.get(url, {"text": "mug", "band": "promoter"}, headers={"HX-Request": "true"}).content.decode()

    assert "Broken" in both
    assert "Lovely" in both
    assert "Broken" not in one
    assert one.lstrip().startswith('<div id="comment-rows"')


def test_survey_is_made_opened_and_closed(client, at):
    client.force_login(people.staff_member("marta", *VIEW, "surveys.add_survey", "surveys.change_survey"))

    client.post(reverse("surveys:create"), TEXTS)
    survey = Survey.objects.get()
    client.post(reverse("surveys:open", args=[survey.pk]))
    second = make.survey("Second", SurveyState.DRAFT)
    refused = client.post(reverse("surveys:open", args=[second.pk]), follow=True)
    client.post(reverse("surveys:close", args=[survey.pk]))

    survey.refresh_from_db()
    second.refresh_from_db()
    assert "Another survey is live" in refused.content.decode()
    assert (survey.state, second.state) == ("closed", "draft")
    assert client.get(reverse("surveys:edit", args=[survey.pk])).status_code == 404


@pytest.mark.parametrize("wrong", [{"throttle_days": 0}, {"link_days": 400}, {"question": ""}])
def test_form_refuses_what_the_table_would(client, wrong):
    client.force_login(people.staff_member("marta", "surveys.view_survey", "surveys.add_survey"))

    page = client.post(reverse("surveys:create"), {**TEXTS, **wrong})

    assert page.status_code == 200
    assert Survey.objects.count() == 0


def test_pages_need_their_permission(client, survey):
    client.force_login(people.staff_member("sam", "surveys.view_survey"))

    assert client.get(reverse("surveys:list")).status_code == 200
    assert client.get(reverse("surveys:comments", args=[survey.pk])).status_code == 403
    assert client.get(reverse("surveys:create")).status_code == 403
    assert client.post(reverse("surveys:close", args=[survey.pk])).status_code == 403


def test_panel_shows_answers_and_open_questions(client, survey, at):
    client.force_login(people.staff_member("marta", *VIEW))
    alice = people.alice()
    make.response(survey, alice, 3, at, comment="Broken", may_contact=True)
    make.invitation(survey, alice, at)

    text = client.get(reverse("surveys:panel", args=[alice.pk])).content.decode()

    assert 'id="panel-surveys"' in text
    assert "Broken" in text
    assert "Wants to be contacted" in text
    assert "no answer" in text
