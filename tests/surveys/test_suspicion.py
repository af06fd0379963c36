"""Who is a machine."""

from datetime import timedelta

import pytest

from surveys.enums import Suspicion
from surveys.rules.suspicion import Vote, is_scanner, suspicion_of

pytestmark = pytest.mark.engine_free

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def verdict(votes, at, **values):
    values = {"delivered_at": at - timedelta(hours=1), "user_agent": FIREFOX, "is_human": False, **values}
    return suspicion_of(votes, at=at, **values)


def test_different_scores_from_two_page_loads_are_a_machine(at):
    assert verdict([Vote(0, "a", at - timedelta(seconds=3)), Vote(1, "b", at)], at) == Suspicion.MANY_SCORES


def test_a_changed_mind_on_one_page_is_human(at):
    assert verdict([Vote(0, "a", at - timedelta(seconds=3)), Vote(9, "a", at)], at) == Suspicion.NONE


def test_a_second_visit_later_is_human(at):
    assert verdict([Vote(0, "a", at - timedelta(seconds=30)), Vote(9, "b", at)], at) == Suspicion.NONE


def test_an_answer_right_after_the_delivery_is_a_machine_unless_a_person_shows(at):
    soon = at - timedelta(seconds=20)

    assert verdict([Vote(9, "a", at)], at, delivered_at=soon) == Suspicion.TOO_SOON
    assert verdict([Vote(9, "a", at)], at, delivered_at=soon, is_human=True) == Suspicion.NONE


@pytest.mark.parametrize("agent", ["", "curl/8.5", "Mozilla/5.0 (compatible; Googlebot/2.1)", "Proofpoint URL Defense"])
def test_scanners_are_known_by_name(at, agent):
    assert is_scanner(agent)
    assert verdict([Vote(9, "a", at)], at, user_agent=agent, is_human=True) == Suspicion.SCANNER


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
    ],
)
def test_people_s_browsers_are_no_scanners(agent):
    assert not is_scanner(agent)
