"""The three steps, the report and the log, as staff use them."""

from datetime import timedelta

import pytest

from campaigns.actions import sending
from campaigns.adapters.outbox import OutboxTransport
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Content, Message, OutboxMail
from tests.factories import messages, people

pytestmark = pytest.mark.django_db
ALL = [
    "campaigns.view_campaign", "campaigns.add_campaign", "campaigns.change_campaign", "campaigns.delete_campaign",
    "campaigns.launch_campaign", "campaigns.view_message", "campaigns.view_outboxmail", "customers.view_customer",
]  # fmt: skip


@pytest.fixture
def marta(client, frozen_clock):
    messages.brand()
    user = people.staff_member("marta", *ALL)
    client.force_login(user)
    return client


def editor(**values):
    return {"subject": "Hi {{ customer.first_name or 'you' }}", "preheader": "", "sender_name": "", "sender_email": "",
            "body_kind": "blocks", "html": "", "text": "", **values}  # fmt: skip


def test_wizard_from_audience_to_sent(marta, at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    messages.consent(alice, carol)
    segment, topic = messages.segment(alice, bob, carol), messages.topic()

    first = marta.post(
        "/campaigns/new/", {"name": "Spring", "segment": segment.pk, "topic": topic.pk, "exclude_segment": ""}
    )
    campaign = Campaign.objects.get()
    assert first["Location"] == f"/campaigns/{campaign.pk}/content/"
    page = marta.get(f"/campaigns/{campaign.pk}/audience/").content.decode()
    assert "No consent for this topic" in page

    added = marta.post(first["Location"], editor(do="add:button", **{"b-0-kind": "heading", "b-0-text": "News"}))
    assert added["Location"].endswith("#block-1")
    saved = marta.post(
        first["Location"],
        editor(do="next", **{"b-0-kind": "heading", "b-0-text": "News", "b-1-kind": "button", "b-1-label": "Go",
                             "b-1-url": "https://shop.example.com/a"}),
    )  # fmt: skip
    assert saved["Location"] == f"/campaigns/{campaign.pk}/review/"
    review = marta.get(saved["Location"]).content.decode()
    assert "Hi Alice" in review
    assert "Must change" not in review

    sent = marta.post(saved["Location"], {"holdout_percent": "0", "moment": "now"})
    assert sent["Location"] == f"/campaigns/{campaign.pk}/"
    from campaigns.tasks import launch_due, send_due

    launch_due()
    send_due()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENT
    assert set(OutboxMail.objects.values_list("subject", flat=True)) == {"Hi Alice", "Hi Carol"}
    report = marta.get(sent["Location"])
    assert report.status_code == 200
    assert "No consent for this topic" in report.content.decode()


def test_blocks_move_and_go_without_script(marta, at):
    campaign = messages.campaign(people.alice(), content=messages.content(blocks=[]))
    path = f"/campaigns/{campaign.pk}/content/"
    both = {"b-0-kind": "text", "b-0-text": "one", "b-1-kind": "text", "b-1-text": "two"}

    marta.post(path, editor(do="down:0", **both))
    assert [block["text"] for block in Content.objects.get().blocks] == ["two", "one"]
    marta.post(path, editor(do="remove:0", **both))
    assert [block["text"] for block in Content.objects.get().blocks] == ["two"]
    assert marta.get(path).status_code == 200


def test_forbidden_template_is_refused_with_words(marta, at):
    campaign = messages.campaign(people.alice())

    page = marta.post(f"/campaigns/{campaign.pk}/content/", editor(do="save", subject="{{ customer.__class__ }}"))

    assert "cannot be used as a name" in page.content.decode()
    assert Content.objects.get().subject != "{{ customer.__class__ }}"


def test_review_stops_broken_content(marta, at):
    messages.brand(postal_address="")
    content = messages.content(
        body_kind="html", html='<p><a href="/relative">x</a><img src="https://a.example.com/a.png"></p>'
    )
    campaign = messages.campaign(people.alice(), content=content)

    page = marta.get(f"/campaigns/{campaign.pk}/review/").content.decode()
    marta.post(f"/campaigns/{campaign.pk}/review/", {"holdout_percent": "0", "moment": "now"})

    for words in ("No postal address", "Links that lead nowhere", "without a description"):
        assert words in page
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_launch_needs_its_permission(client, at, frozen_clock):
    messages.brand()
    campaign = messages.campaign(people.alice())
    client.force_login(people.staff_member("eve", "campaigns.view_campaign", "campaigns.change_campaign"))

    client.post(f"/campaigns/{campaign.pk}/review/", {"holdout_percent": "0", "moment": "now"})

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert client.post(f"/campaigns/{campaign.pk}/stop/").status_code == 403


def test_many_people_need_the_typed_number():
    from campaigns.forms import ScheduleForm

    wrong = ScheduleForm({"holdout_percent": "5", "moment": "now", "confirmation": "5"}, sendable=1200)
    right = ScheduleForm({"holdout_percent": "5", "moment": "now", "confirmation": "1,200"}, sendable=1200)

    assert (wrong.is_valid(), right.is_valid()) == (False, True)


def test_schedule_in_the_brands_zone(marta, at):
    campaign = messages.campaign(people.alice())

    marta.post(
        f"/campaigns/{campaign.pk}/review/", {"holdout_percent": "0", "moment": "later", "scheduled_at": "2026-07-01T09:00"}
    )

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCHEDULED
    assert campaign.scheduled_at.isoformat() == "2026-07-01T08:00:00+00:00"


def test_test_send_goes_to_one_address(marta, at):
    alice = people.alice()
    campaign = messages.campaign(alice)

    marta.post(f"/campaigns/{campaign.pk}/test/", {"address": "me@example.com", "customer": str(alice.pk)})

    assert list(OutboxMail.objects.values_list("recipient", "subject", "message")) == [
        ("me@example.com", "[Test] Hello Alice", None)
    ]
    assert Message.objects.count() == 0


def test_pages_answer_and_explain(marta, at):
    alice = people.alice()
    campaign = messages.sending(alice, at=at)
    sending.send_batch(OutboxTransport(), at=at)
    row = Message.objects.get()

    for path in (
        "/campaigns/", "/campaigns/?state=sent&q=x", "/messages/", "/messages/?q=alice@example.com", "/outbox/",
        f"/messages/{row.pk}/", f"/messages/of/{alice.pk}/", f"/outbox/{OutboxMail.objects.get().pk}/",
        f"/campaigns/{campaign.pk}/", f"/messages/?source_kind=campaign&source_id={campaign.pk}",
    ):  # fmt: skip
        assert marta.get(path).status_code == 200, path
    assert "Taken by the mail server" in marta.get(f"/messages/{row.pk}/").content.decode()


def test_frames_have_a_policy_of_their_own(marta, at):
    messages.sending(people.alice(), at=at)
    sending.send_batch(OutboxTransport(), at=at)
    mail = OutboxMail.objects.get()

    for path in (f"/outbox/{mail.pk}/body/", f"/messages/{mail.message_id}/body/"):
        response = marta.get(path)
        assert "script-src" not in response["Content-Security-Policy"]
        assert response["Content-Security-Policy"].startswith("default-src 'none'")
        assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_looking_at_a_message_is_no_open(marta, at):
    messages.sending(people.alice(), at=at)
    sending.send_batch(OutboxTransport(), at=at)
    mail = OutboxMail.objects.get()

    shown = marta.get(f"/messages/{mail.message_id}/body/").content.decode()

    assert "/o/" in mail.html
    assert "/o/" not in shown


def test_report_tells_lift_only_with_enough_people(marta, at):
    from campaigns.queries.report import outcome
    from customers.models import Order

    everybody = [people.customer(f"P{number}", email=f"p{number}@example.com") for number in range(300)]
    campaign = messages.sending(*everybody, at=at, holdout_percent=20)
    while sending.send_batch(OutboxTransport(), at=at):
        pass
    reached = list(Message.objects.filter(state="sent").values_list("customer_id", flat=True))
    for number, customer_id in enumerate(reached[:60]):
        Order.objects.create(
            customer_id=customer_id, number=f"O{number}", placed_at=at + timedelta(days=1), local_day=at.date(),
            total_minor=5000, currency="GBP",
        )  # fmt: skip

    found = outcome(campaign, at + timedelta(days=8))

    assert (found.reached.people, found.reached.buyers, found.reached.revenue) == (len(reached), 60, 300_000)
    assert found.held_out.revenue == 0
    assert found.lift is not None
    assert found.lift.low > 0
    assert round(found.lift.total) == 300_000
    Message.objects.filter(state="holdout").delete()
    assert outcome(campaign, at).lift is None


@pytest.mark.parametrize("count", [1, 3])
def test_list_queries_do_not_grow(marta, at, count, django_assert_max_num_queries):
    version = messages.version()
    for number in range(count * 5):
        messages.message(people.customer(f"P{number}"), at=at, version=version)

    with django_assert_max_num_queries(16):
        marta.get("/messages/")


def test_segments_know_their_campaigns(at):
    from campaigns.queries.uses import of_segments

    campaign = messages.campaign(people.alice())

    [use] = of_segments([campaign.segment_id])[campaign.segment_id]
    assert (use.kind, use.name, use.url, use.is_live) == ("Campaign", "Spring", f"/campaigns/{campaign.pk}/", False)


def test_personal_data_is_exported_merged_and_erased(at):
    from campaigns.actions import personal

    alice, bob = people.alice(), people.bob()
    version = messages.version()
    for number, person in ((1, alice), (1, bob), (2, bob)):
        messages.message(person, at=at, source_id=number, version=version, detail="250 ok")

    assert len(personal.export(bob.pk)["messages"]) == 2
    personal.merge(bob.pk, alice.pk, at)
    assert Message.objects.filter(customer=alice).count() == 3  # one occasion for both: each keeps its record
    personal.erase(alice.pk, at)
    assert set(Message.objects.values_list("detail", flat=True)) == {""}
