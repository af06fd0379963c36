"""Invitations by messages, throttle, fields, and a person's rights."""

from datetime import timedelta

import pytest

from customers.actions import timeline
from customers.models import Event
from customers.ports import fields, merge, personal_data
from customers.ports.merge import MergeContext
from surveys.models import Invitation, LatestScore, Response, ResponseRevision, SurveyStop
from surveys.queries import throttle
from tests.factories import people
from tests.factories import surveys as make

pytestmark = pytest.mark.django_db


def context(at, reference="campaign:7", **values):
    return MergeContext(at=at, reference=reference, **values)


def test_merge_invites_each_customer_once_per_message(at, django_assert_max_num_queries):
    make.survey()
    ids = [people.customer(f"P{n}").pk for n in range(40)]
    fetch = merge.get("survey").fetch

    with django_assert_max_num_queries(5):
        first = fetch(ids, context(at))
    again = fetch(ids, context(at + timedelta(days=1)))
    other = fetch(ids[:1], context(at, "campaign:8"))

    assert first == again
    assert first[ids[0]]["nps_link"].startswith("http://testserver/s/")
    assert len({values["nps_link"] for values in first.values()}) == 40
    assert other[ids[0]]["nps_link"] != first[ids[0]]["nps_link"]
    assert Invitation.objects.count() == 41


def test_source_that_comes_round_after_months_asks_anew(at):
    make.survey(throttle_days=90, link_days=60)
    alice = people.alice()
    fetch = merge.get("survey").fetch

    links = [
        fetch([alice.pk], context(at + timedelta(days=days), "journey:3"))[alice.pk]["nps_link"]
        for days in (0, 59, 61, 91, 92)
    ]

    assert links[0] == links[1] == links[2] != links[3] == links[4]
    assert list(Invitation.objects.order_by("id").values_list("round", flat=True)) == [1, 2]


def test_merge_preview_invites_nobody(at, client):
    make.survey()
    alice = people.alice()

    values = merge.get("survey").fetch([alice.pk], context(at, "preview", is_preview=True))

    assert Invitation.objects.count() == 0
    assert client.get(values[alice.pk]["nps_link"]).status_code == 200


def test_merge_without_a_live_survey_has_no_link(at):
    make.survey(state="draft")
    alice = people.alice()

    assert merge.get("survey").fetch([alice.pk], context(at)) == {alice.pk: {"nps_link": None, "nps_question": None}}


def sent(customer, at, source_id=7):
    return timeline.NewEvent(
        customer_id=customer.pk,
        name="message.sent",
        occurred_at=at,
        key=timeline.event_key("test", "message", customer.pk, source_id),
        source="test",
        properties={"source_kind": "campaign", "source_id": source_id, "channel": "email"},
    )


def test_sent_message_dates_its_invitation_once(at):
    make.survey()
    alice, bob = people.alice(), people.bob()
    merge.get("survey").fetch([alice.pk, bob.pk], context(at))
    later = at + timedelta(minutes=5)

    timeline.record_many([sent(alice, later), sent(bob, later, 8)], at=later)
    while timeline.process_batch(at=later):
        pass

    assert Invitation.objects.get(customer=alice).sent_at == later
    assert Invitation.objects.get(customer=bob).sent_at is None
    assert list(Event.objects.filter(name="survey.sent").values_list("customer_id", flat=True)) == [alice.pk]


def test_throttle_names_its_reason(at):
    survey, other = make.survey(throttle_days=90), make.survey("Other", "closed")
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    dora, erik = people.customer("Dora"), people.customer("Erik")
    make.invitation(other, alice, at - timedelta(days=29))
    make.invitation(survey, bob, at - timedelta(days=89))
    make.invitation(survey, carol, at - timedelta(days=91))
    make.invitation(survey, dora, at, sent_at=None)
    SurveyStop.objects.create(customer=erik, at=at)

    reasons = throttle.skipped([p.pk for p in (alice, bob, carol, dora, erik)], survey=survey, at=at)

    assert set(reasons) == {alice.pk, bob.pk, erik.pk}
    assert "less than 30 days" in reasons[alice.pk]
    assert "less than 90 days" in reasons[bob.pk]
    assert reasons[erik.pk] == "asked for no more surveys"


def test_fields_read_one_row_per_customer(at):
    alice = people.alice()
    answer = make.response(make.survey(), alice, 9, at)
    LatestScore.objects.create(customer=alice, response=answer, score=9, band="promoter", answered_at=at)

    for key, value in [("surveys.last_nps", 9), ("surveys.nps_band", "promoter"), ("surveys.last_answered_at", at)]:
        field = fields.get(key)
        assert list(field.rows().values_list(field.customer, field.value)) == [(alice.pk, value)]


def test_erasing_removes_words_and_keeps_scores(at):
    alice = people.alice()
    answer = make.response(make.survey(), alice, 2, at, comment="I live at 3 Mill Lane", may_contact=True)
    ResponseRevision.objects.create(response=answer, score=2, comment="I live at 3 Mill Lane", state="confirmed", at=at)
    policy = personal_data.get("surveys")
    assert policy.export(alice.pk)["survey_answers"][0]["comment"] == "I live at 3 Mill Lane"

    policy.erase(alice.pk, at)

    assert list(Response.objects.values_list("score", "comment", "may_contact")) == [(2, "", False)]
    assert ResponseRevision.objects.get().comment == ""


def test_merging_two_customers_keeps_every_answer(at):
    survey, alice, bob = make.survey(), people.alice(), people.bob()
    make.response(survey, alice, 2, at - timedelta(days=3), reference="campaign:1")
    make.response(survey, bob, 9, at, reference="campaign:1")

    personal_data.get("surveys").merge(bob.pk, alice.pk, at)

    assert set(Response.objects.values_list("customer_id", "score")) == {(alice.pk, 2), (alice.pk, 9)}
    assert list(LatestScore.objects.values_list("customer_id", "score")) == [(alice.pk, 9)]
