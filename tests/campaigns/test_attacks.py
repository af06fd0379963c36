"""Campaigns against stale tabs, broken addresses and greedy templates."""

import pytest

from campaigns.actions import editing, lifecycle
from campaigns.models import Campaign
from campaigns.rules.template import plain
from config.kit import tokens
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


def test_a_draft_that_was_launched_meanwhile_is_not_deleted(at, frozen_clock):
    campaign = messages.campaign(people.alice())
    stale = Campaign.objects.get(pk=campaign.pk)
    lifecycle.schedule(campaign, when=at, user_id=None, at=at)

    assert editing.delete_draft(stale) is False
    assert Campaign.objects.filter(pk=campaign.pk, state="scheduled").exists()


def test_an_audience_changed_too_late_changes_nothing(at, frozen_clock):
    campaign = messages.campaign(people.alice())
    stale = Campaign.objects.get(pk=campaign.pk)
    lifecycle.schedule(campaign, when=at, user_id=None, at=at)

    editing.change_audience(stale, name="Other", segment=None, topic=None, exclude_segment=None, at=at)

    assert Campaign.objects.get(pk=campaign.pk).segment_id == campaign.segment_id


def test_an_address_that_cannot_be_read_is_a_finding_of_the_review(client, at, frozen_clock):
    client.force_login(people.staff_member("boss", is_superuser=True))
    messages.brand()
    blocks = [{"kind": "button", "label": "Shop", "url": "https://[oops/"}]
    campaign = messages.campaign(people.alice(), content=messages.content(blocks=blocks))

    page = client.get(f"/campaigns/{campaign.pk}/review/")

    assert page.status_code == 200
    assert "Links that lead nowhere" in page.content.decode()


def test_a_test_mail_for_a_customer_with_an_odd_number_is_sent_with_sample_values(client, at, frozen_clock):
    client.force_login(people.staff_member("boss", is_superuser=True))
    messages.brand()
    campaign = messages.campaign(people.alice())

    page = client.post(f"/campaigns/{campaign.pk}/test/", {"address": "me@example.com", "customer": "²"})

    assert page.status_code == 302


def test_an_approver_may_look_at_the_review_and_launch_but_not_edit(client, at, frozen_clock):
    client.force_login(people.staff_member("anna", "campaigns.view_campaign", "campaigns.launch_campaign"))
    messages.brand()
    campaign = messages.campaign(people.alice())

    assert client.get(f"/campaigns/{campaign.pk}/").headers["Location"] == f"/campaigns/{campaign.pk}/review/"
    assert client.get(f"/campaigns/{campaign.pk}/content/").status_code == 403
    client.post(f"/campaigns/{campaign.pk}/review/", {"holdout_percent": 0, "moment": "now"})
    assert Campaign.objects.get().state == "scheduled"


def test_a_stored_link_that_is_no_address_leads_to_the_plain_page(client, at, frozen_clock):
    blocks = [{"kind": "button", "label": "Shop", "url": "https://[oops/"}]
    sent = messages.message(people.alice(), at=at, version=messages.version(blocks=blocks))

    assert client.get(f"/c/{tokens.sign('message', sent.pk)}/1").status_code == 404


def test_the_values_of_one_variable_together_are_short():
    """Lists of lists of long texts, printed some thousand times, would fill a worker's memory."""
    hostile = [["y" * 2000] * 100] * 100

    assert len(str(plain(hostile))) < 60_000
    assert plain({"a": "x" * 50, "b": [1, 2.5, None, True]}) == {"a": "x" * 50, "b": [1, 2.5, True]}


@pytest.mark.parametrize(
    "value", ["a/../b?x=1#y", "//evil.example", "\r\nSet-Cookie: a=b", "javascript:alert(1)", "@evil.example"]
)
def test_a_value_inside_an_address_stays_inside_its_place(client, at, frozen_clock, value):
    alice = people.alice(city=value, attributes={"place": value, "list": [value]})
    blocks = [
        {"kind": "button", "label": "1", "url": "https://shop.example.com/{{ customer.city }}/end"},
        {"kind": "button", "label": "2", "url": "https://shop.example.com/{{ customer.attributes.place }}/end"},
        {"kind": "button", "label": "3", "url": "https://shop.example.com/{{ customer.attributes.list|first }}/end"},
        {"kind": "button", "label": "4", "url": "https://shop.example.com{{ customer.city }}"},
        {"kind": "button", "label": "5", "url": "{{ customer.city }}"},
    ]
    sent = messages.message(alice, at=at, version=messages.version(blocks=blocks))

    answers = [client.get(f"/c/{tokens.sign('message', sent.pk)}/{n}") for n in (1, 2, 3, 4, 5)]

    places = [answer.headers.get("Location", "") for answer in answers[:3]]
    assert len({answer.status_code for answer in answers[:3]}) == 1
    assert all(p.startswith("https://shop.example.com/") and p.count("/") == 4 and "?" not in p for p in places)
    assert [answer.status_code for answer in answers[3:]] == [404, 404]
