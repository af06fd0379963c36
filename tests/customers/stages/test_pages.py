"""The pages of stages, personas and usage, as staff use them."""

import pytest

from customers.models import Persona, StageRule, StandingRun, UsageRule
from customers.segments.actions import follow
from customers.stages.actions import everybody, rules
from tests.customers.stages.test_stages import listed, stage_of, staged
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(client):
    client.force_login(people.staff_member("chief", is_superuser=True))
    return client


def form(*pairs, active=None):
    stages = [stage for stage, _segment in pairs]
    return {
        "stage": stages, "segment": [str(segment.pk) if segment else "" for _stage, segment in pairs],
        "active": stages if active is None else active,
    }  # fmt: skip


def test_an_empty_company_is_offered_the_usual_stages(chief, frozen_clock):
    assert "Set up the usual stages" in chief.get("/settings/stages/").content.decode()

    chief.post("/settings/stages/install/")

    assert [rule.stage for rule in StageRule.objects.all()] == [
        "renewal", "won_back", "lapsed", "at_risk", "advocate", "onboarding", "adoption", "growing",
    ]  # fmt: skip


def test_moving_a_rule_shows_the_difference_and_saves_nothing(chief, at):
    alice = people.alice()
    first, second = listed("First", alice, at=at), listed("Second", alice, at=at)
    staged(("lapsed", first), ("growing", second), at=at)

    answer = chief.post(
        "/settings/stages/preview/", form(("lapsed", first), ("growing", second)) | {"move": "up:growing"}
    ).content.decode()

    assert "1 customer would move" in answer
    assert [rule.stage for rule in StageRule.objects.all()] == ["lapsed", "growing"]


def test_saving_the_previewed_rules_applies_them(chief, at):
    alice = people.alice()
    first, second = listed("First", alice, at=at), listed("Second", alice, at=at)
    staged(("lapsed", first), ("growing", second), at=at)

    chief.post("/settings/stages/", form(("growing", second), ("lapsed", first)))
    everybody.due(at=at)

    assert stage_of(alice) == "growing"
    assert StandingRun.objects.latest("id").is_silent is True


def test_a_circle_is_refused_with_the_reason(chief, at):
    from customers.segments.actions import save

    circular = save.rules(name="Circle", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": "customer.stage", "op": "is", "value": "lapsed"}]})  # fmt: skip

    answer = chief.post("/settings/stages/", form(("growing", circular))).content.decode()

    assert "round in a circle" in answer
    assert not StageRule.objects.exists()


@pytest.mark.parametrize("data", [
    {}, {"stage": ["nonsense"], "segment": ["1"]}, {"stage": ["lapsed"], "segment": ["²"]},
    {"stage": ["lapsed"] * 3, "segment": ["9" * 30] * 3}, {"stage": ["lapsed"], "segment": ["1"], "move": "up:\x00"},
])  # fmt: skip
def test_garbage_in_the_form_harms_nothing(chief, data):
    assert chief.post("/settings/stages/preview/", data).status_code == 200
    assert chief.post("/settings/stages/", data).status_code in (200, 302)


def test_someone_who_may_only_look_changes_nothing(client, at):
    segment = listed("First", at=at)
    client.force_login(people.staff_member("viewer", "customers.view_stagerule", "customers.view_usagerule"))

    assert client.get("/settings/stages/").status_code == 200
    client.post("/settings/stages/", form(("growing", segment)))
    client.post("/settings/usage/", {"event": ["x"], "window_days": 7, "low_from": 1, "medium_from": 2, "high_from": 3})

    assert not StageRule.objects.exists()
    assert not UsageRule.objects.exists()
    assert client.post("/settings/stages/preview/", {}).status_code == 403


def test_the_panel_says_where_and_why(chief, at, frozen_clock):
    alice = people.alice(renews_on=at.date())
    rules.install(at=at)
    follow.due(at=at)
    everybody.due(at=at)

    short = chief.get(f"/customers/{alice.pk}/standing/").content.decode()
    long = chief.get(f"/customers/{alice.pk}/standing/?why").content.decode()

    assert "Renewal" in short
    assert "Explain, rule by rule" in short
    assert "found: 2026-03-16" in long


def test_a_persona_is_made_listed_and_deleted(chief, at):
    segment = listed("Cooks", people.alice(), at=at)

    chief.post("/settings/personas/new/", {"name": "Cook", "segment": segment.pk, "goals": "Cook\nwell"})
    everybody.due(at=at)
    page = chief.get("/settings/personas/").content.decode()
    made = Persona.objects.get()
    chief.post(f"/settings/personas/{made.pk}/delete/")

    assert "Cooks" in page
    assert not Persona.objects.exists()


def test_usage_refuses_levels_that_do_not_rise(chief):
    answer = chief.post(
        "/settings/usage/", {"event": ["x"], "window_days": 7, "low_from": 3, "medium_from": 2, "high_from": 9}
    )

    assert "More days than for low." in answer.content.decode()
    assert "The window has only 7 days." in answer.content.decode()
    assert not UsageRule.objects.exists()


def test_usage_is_previewed_before_it_is_saved(chief):
    data = {"event": ["tool.opened"], "window_days": 7, "low_from": 1, "medium_from": 2, "high_from": 3}

    preview = chief.post("/settings/usage/", data | {"preview": "1"}).content.decode()
    unsaved = UsageRule.objects.exists()
    chief.post("/settings/usage/", data)

    assert "With these settings" in preview
    assert (unsaved, UsageRule.objects.get().event_names) == (False, ["tool.opened"])
