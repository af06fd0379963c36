"""Journeys as staff see and switch them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.journeys.actions import advance, lifecycle
from campaigns.journeys.models import Enrolment, Journey, JourneyVersion
from campaigns.journeys.queries import checks
from campaigns.journeys.rules.recipes import RECIPES
from campaigns.models import Message
from customers.models import AuditEntry, Segment
from tests.factories import journeys as make
from tests.factories import people

DAY = timedelta(days=1)


@pytest.fixture
def marta(client):
    client.force_login(people.staff_member("marta", is_superuser=True))
    return client


def lapsed(at):
    return Segment.objects.create(name="Lapsed", slug="lapsed", created_at=at, updated_at=at)


@pytest.mark.django_db
@pytest.mark.parametrize("key", list(RECIPES))
def test_recipe_becomes_a_draft_that_can_go_live(at, key):
    make.brand()
    make.topic()
    lapsed(at)

    journey = lifecycle.create_from_recipe(RECIPES[key], user_id=None, at=at)
    assert checks.problems(journey, journey.versions.get()) == []

    lifecycle.go_live(journey, user_id=None, at=at)
    journey.refresh_from_db()
    assert (journey.state, journey.activated_at) == ("live", at)
    sends = journey.versions.get().steps.filter(kind="send")
    assert sends.count() == len(RECIPES[key].mails)
    assert not sends.filter(content_version=None).exists()


@pytest.mark.django_db
def test_journey_that_is_not_ready_says_what_to_do(at):
    make.brand(postal_address="", sender_email="")

    journey = lifecycle.create_from_recipe(RECIPES["win-back"], user_id=None, at=at)

    texts = {problem.text for problem in checks.problems(journey, journey.versions.get())}
    assert "Choose the topic whose subscribers may get these e-mails." in texts
    assert "Set the sender's e-mail address in the brand settings." in texts
    assert "Choose the segment that starts this journey." in texts
    with pytest.raises(lifecycle.NotReady):
        lifecycle.go_live(journey, user_id=None, at=at)


@pytest.mark.django_db
def test_onboarding_goes_all_the_way(at):
    make.brand()
    make.topic()
    journey = lifecycle.create_from_recipe(RECIPES["onboarding"], user_id=None, at=at)
    Journey.objects.update(holdout_percent=0)
    journey.refresh_from_db()
    lifecycle.go_live(journey, user_id=None, at=at)
    alice, bob = people.alice(), people.bob()
    for customer in (alice, bob):
        make.happen(customer, "order.placed", at + timedelta(hours=1))

    for day in range(30):
        if day == 6:
            make.happen(alice, "order.placed", at + 6 * DAY)
        advance.advance(at=at + (day + 0.05) * DAY)

    got = {alice.id: [], bob.id: []}
    for message in Message.objects.order_by("id").select_related("content_version__content"):
        got[message.customer_id].append(message.content_version.content.name.split(": ", 1)[1])
    assert got[alice.id] == ["Welcome", "Three tips", "Second order: thank you"]
    assert got[bob.id] == ["Welcome", "Three tips", "Was everything all right?"]
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"completed"}


@pytest.mark.django_db
def test_every_page_opens(marta, at):
    journey = make.journey(
        make.send(),
        {"key": "order", "kind": "wait_event", "name": "Order?", "event": "order.placed", "days": 14,
         "then": [make.wait(days=1, at="09:00")], "otherwise": []},
        goal={"event": "order.placed", "within_days": 30},
    )  # fmt: skip
    alice = people.alice()
    make.happen(alice, "cart.left", at)
    advance.advance(at=at)
    step = journey.versions.get().steps.get(key="order")

    for name in ("detail", "people", "messages", "history", "edit"):
        assert marta.get(reverse(f"campaigns:journey-{name}", args=[journey.pk])).status_code == 200
    for key in ("hello", "order", "wait"):
        assert marta.get(reverse("campaigns:journey-step", args=[journey.pk, key])).status_code == 200
    assert (
        "Alice" in marta.get(reverse("campaigns:journey-people", args=[journey.pk]) + f"?step={step.pk}").content.decode()
    )
    assert "Order?" in marta.get(reverse("campaigns:journey-panel", args=[alice.pk])).content.decode()
    assert marta.get(reverse("campaigns:journey-new")).status_code == 200
    assert "Test journey" in marta.get(reverse("campaigns:journey-list")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["?version=99", "?version=x"])
def test_unknown_version_is_not_found(marta, query):
    journey = make.journey(make.send())

    assert marta.get(reverse("campaigns:journey-detail", args=[journey.pk]) + query).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["?step=abc", "?step=999", "?state=dancing", "?step=99999999999999999999999"])
def test_people_of_an_unknown_step_are_not_found(marta, query):
    journey = make.journey(make.send())

    assert marta.get(reverse("campaigns:journey-people", args=[journey.pk]) + query).status_code == 404


@pytest.mark.django_db
def test_list_costs_the_same_for_one_and_for_three(marta, django_assert_num_queries):
    make.journey(make.send(), name="A")
    marta.get(reverse("campaigns:journey-list"))
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        marta.get(reverse("campaigns:journey-list"))
    make.journey(make.send(), name="B")
    make.journey(make.send(), name="C")
    with django_assert_num_queries(len(one)):
        marta.get(reverse("campaigns:journey-list"))


@pytest.mark.django_db
def test_switching_needs_the_right_and_a_post(client, at):
    journey = make.journey(make.send())
    url = reverse("campaigns:journey-switch", args=[journey.pk])
    client.force_login(people.staff_member("anna", "campaigns.view_journey"))
    assert client.post(url, {"verb": "stop"}).status_code == 403

    client.force_login(people.staff_member("marta", is_superuser=True))
    assert client.get(url).status_code == 405
    assert client.post(url, {"verb": "explode"}).status_code == 404
    client.post(url, {"verb": "pause"})
    journey.refresh_from_db()
    assert journey.state == "paused"
    assert AuditEntry.objects.filter(verb="journey.paused", user__username="marta").count() == 1


@pytest.mark.django_db
def test_creating_from_a_recipe_by_post(marta, at):
    make.brand()
    make.topic()

    response = marta.post(reverse("campaigns:journey-create"), {"recipe": "onboarding"}, follow=True)

    assert "Welcome and first steps" in response.content.decode()
    assert marta.post(reverse("campaigns:journey-create"), {"recipe": "nonsense"}).status_code == 404


@pytest.mark.django_db
def test_changed_wait_and_mail_count_from_the_next_version_on(marta, at):
    journey = make.journey(make.send(), make.wait(days=3), make.send("second"))
    alice, bob = people.alice(), people.bob()
    make.happen(alice, "cart.left", at)
    wait = {"name": "A week", "days": "7", "hours": "0", "at": "", "weekdays": []}
    marta.post(reverse("campaigns:journey-step", args=[journey.pk, "wait"]), wait)
    mail = {"subject": "New words", "preheader": "", "sender_name": "", "block-0-text": "Changed."}
    marta.post(reverse("campaigns:journey-step", args=[journey.pk, "hello"]), mail)
    advance.advance(at=at)
    assert Message.objects.get().content_version.subject == "Hello"

    marta.post(reverse("campaigns:journey-publish", args=[journey.pk]))
    make.happen(bob, "cart.left", at)
    advance.advance(at=at)

    assert Message.objects.get(customer=bob).content_version.subject == "New words"
    assert {e.customer: e.due_at - at for e in Enrolment.objects.all()} == {alice: 3 * DAY, bob: 7 * DAY}
    assert JourneyVersion.objects.get(number=2).published_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"name": "x", "days": "0", "hours": "0", "at": ""},
        {"name": "x", "days": "-1", "hours": "0", "at": ""},
        {"name": "x", "days": "1", "hours": "0", "at": "25:00"},
        {"name": "x", "days": "1", "hours": "0", "at": "", "weekdays": ["1"]},
        {"name": "x", "days": "1", "hours": "0", "at": "09:00", "weekdays": ["9"]},
        {"name": "", "days": "1", "hours": "0", "at": ""},
    ],
)
def test_nonsense_waits_change_nothing(marta, values):
    journey = make.journey(make.wait(days=3), make.send())

    response = marta.post(reverse("campaigns:journey-step", args=[journey.pk, "wait"]), values)

    assert response.status_code == 200
    assert journey.versions.count() == 1


@pytest.mark.django_db
def test_mail_with_a_broken_variable_is_refused(marta):
    journey = make.journey(make.send())

    response = marta.post(
        reverse("campaigns:journey-step", args=[journey.pk, "hello"]), {"subject": "{{ customer.", "block-0-text": "x"}
    )

    assert "not closed" in response.content.decode()


@pytest.mark.django_db
def test_settings_change_topic_holdout_and_segment(marta, at):
    segment = lapsed(at)
    entry = {"kind": "event", "event": "segment.entered", "where": {}}
    journey = make.journey(make.send(), entry=entry, goal={"event": "order.placed", "within_days": 30})
    values = {"name": "Back again", "description": "", "topic": make.topic().pk, "holdout_percent": "5",
              "reentry": "after_days",
              "reentry_days": "90", "segment": segment.pk, "goal_days": "20"}  # fmt: skip

    marta.post(reverse("campaigns:journey-edit", args=[journey.pk]), values)

    journey.refresh_from_db()
    assert (journey.name, journey.holdout_percent, journey.reentry_days) == ("Back again", 5, 90)
    assert journey.entry["where"] == {"segment_id": segment.pk}
    assert journey.goal["within_days"] == 20
