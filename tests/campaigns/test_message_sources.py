"""Campaigns and journeys by the names under which segments ask about their messages."""

import pytest

from campaigns.queries import message_sources
from customers.ports import message_sources as port
from tests.factories import journeys, messages

pytestmark = pytest.mark.django_db


def sent(name):
    return messages.campaign(name=name, state="sent", scheduled_at=messages.LONG_AGO)


def test_what_was_launched_is_offered_newest_first_and_drafts_are_not():
    first, second = sent("Spring"), sent("Summer")
    messages.campaign(name="Only a draft")
    journey = journeys.journey(journeys.send(), name="Welcome")
    journeys.journey(journeys.send("b"), name="Not yet", state="draft")

    offered = port.get("campaigns").recent(10)

    assert [(source.key, source.label, source.group) for source in offered] == [
        (f"campaign:{second.pk}", "Summer", "Campaigns"),
        (f"campaign:{first.pk}", "Spring", "Campaigns"),
        (f"journey:{journey.pk}", "Welcome", "Journeys"),
    ]
    assert [source.label for source in message_sources.recent(1)] == ["Summer", "Welcome"]


def test_names_are_found_by_key_and_what_is_gone_or_no_key_is_left_out():
    spring, journey = sent("Spring"), journeys.journey(journeys.send(), name="Welcome")
    keys = [f"campaign:{spring.pk}", f"journey:{journey.pk}", "campaign:987654", "survey:1", "campaign:²", "", "journey:"]

    assert message_sources.labels(keys) == {f"campaign:{spring.pk}": "Spring", f"journey:{journey.pk}": "Welcome"}
