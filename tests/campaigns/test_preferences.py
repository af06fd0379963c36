"""The preference centre, and that gate and mails obey what people chose there."""

import re
import threading
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from campaigns.actions import lifecycle, planning, rendering, sending, sweeping
from campaigns.adapters.outbox import OutboxTransport
from campaigns.forms import AudienceForm
from campaigns.journeys.forms import SettingsForm
from campaigns.models import Engagement, Message, OutboxMail
from campaigns.queries.trace import trace
from config.kit import tokens
from customers.actions import consent
from customers.consents.actions import preferences as wishes
from customers.consents.rules import pauses
from customers.consents.rules.links import preferences_url
from customers.consents.rules.masks import masked
from customers.models import Consent, ConsentChange, Customer, Event, Preference
from customers.ports import person_links
from tests.factories import journeys, messages, people

pytestmark = pytest.mark.django_db
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0"


@pytest.fixture(autouse=True)
def _brand():
    messages.brand()


@pytest.fixture
def alice(at, frozen_clock):
    person = people.alice()
    messages.consent(person)
    return person


def page_of(customer):
    return preferences_url(customer.pk).removeprefix("http://testserver")


def post(customer, **fields):
    return Client(enforce_csrf_checks=True).post(page_of(customer), fields)


def save(customer, **fields):
    shown = [str(pk) for pk in Consent.objects.filter(customer=customer).values_list("topic_id", flat=True)]
    return post(customer, **{"action": "save", "shown": shown, "topic": shown, "tracked": "1", "language": "", **fields})


def send_all(at):
    while sending.send_batch(OutboxTransport(), at=at):
        pass
    sweeping.close_finished(at=at)


def state():
    found = Message.objects.get()
    return found.state, found.reason


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_shows_a_masked_address_and_what_stands(alice):
    page = Client().get(page_of(alice)).content.decode()

    assert "a•••@e•••.com" in page
    assert "alice@example.com" not in page
    assert f'value="{messages.topic().pk}" checked' in page


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("agent", ["Mimecast URL Protect", "curl/8.1", PERSON, ""])
def test_looking_changes_nothing(alice, method, agent):
    query = "?action=nothing&welcome=1&pause=2w&saved=1"

    assert getattr(Client(), method)(page_of(alice) + query, headers={"User-Agent": agent}).status_code == 200

    assert (Consent.objects.get().state, Preference.objects.count(), Event.objects.count()) == ("granted", 0, 0)


def test_a_token_opens_its_own_page_only(alice, at):
    message = messages.message(alice, at=at)
    own, mail = tokens.sign("preferences", alice.pk), tokens.sign("unsubscribe", message.pk)

    codes = [
        Client().post(path).status_code
        for path in (f"/p/{own}", f"/u/{own}", f"/p/me/{mail}", f"/p/me/{own[:-2]}AA", "/p/me/abc", f"/l/{own}",
                     f"/p/me/{tokens.sign('preferences', 2**40)}", f"/j/ok/{own}")
    ]  # fmt: skip

    assert set(codes) <= {404, 405}
    assert Client().post(f"/p/me/{own}").status_code == Client().post(f"/p/{mail}").status_code == 200


def test_everything_is_saved_with_proof_and_may_be_saved_again(alice, at):
    tips = messages.topic("tips", wording="Tips, please")
    shown = [str(messages.topic().pk), str(tips.pk)]
    fields = {"shown": shown, "topic": [str(tips.pk)], "pause": "2w", "limit": "1", "language": "de"}
    fields["tracked"] = []

    first, second = save(alice, **fields), save(alice, **fields)

    assert "Saved." in first.content.decode()
    assert (second.status_code, ConsentChange.objects.count(), Event.objects.count()) == (200, 2, 4)
    assert dict(Consent.objects.values_list("topic__slug", "state")) == {"news": "denied", "tips": "granted"}
    wish = Preference.objects.get()
    assert (wish.weekly_limit, wish.is_tracked) == (1, False)
    assert wish.paused_until == datetime(2026, 3, 30, 0, 0, tzinfo=UTC) - timedelta(hours=1)  # midnight, summer time
    proof = ConsentChange.objects.get(topic=tips)
    assert (proof.source, proof.wording, proof.client_address) == ("preferences", "Tips, please", "127.0.0.1")
    assert Customer.objects.get().locale == "de"


def test_only_what_was_shown_is_answered(alice):
    later = messages.topic("later")

    save(alice)

    assert not Consent.objects.filter(topic=later).exists()


def test_saving_a_pause_is_no_refusal_of_what_was_never_asked(alice):
    tips = messages.topic("tips")

    save(alice, shown=[str(messages.topic().pk), str(tips.pk)], pause="1m")

    assert dict(Consent.objects.values_list("topic__slug", "state")) == {"news": "granted"}


@pytest.mark.parametrize("day", ["", "2026-03-16", "2020-01-01", "2028-01-01", "x", "2026-02-31", "9999-99-99"])
def test_a_day_on_which_no_pause_can_end_saves_nothing(alice, day):
    answer = save(alice, pause="until", until=day, limit="1")

    assert answer.status_code == 422
    assert (Preference.objects.count(), ConsentChange.objects.count()) == (0, 0)


def test_a_pause_until_a_day_and_its_end(alice, at):
    save(alice, pause="until", until="2026-05-01")
    paused = Preference.objects.get().paused_until
    page = Client().get(page_of(alice)).content.decode()
    save(alice)
    kept = Preference.objects.get().paused_until

    post(alice, action="resume")

    assert "You are having a pause" in page
    assert paused == kept == datetime(2026, 4, 30, 23, tzinfo=UTC)
    assert Preference.objects.get().paused_until is None


def test_unsubscribe_from_everything_says_no_to_every_topic(alice):
    messages.topic("tips")
    wishes.wish(alice.pk, wishes.Wish(weekly_limit=1), source="test", at=datetime(2026, 1, 1, tzinfo=UTC))

    post(alice, action="nothing")
    post(alice, action="nothing")

    assert dict(Consent.objects.values_list("topic__slug", "state")) == {"news": "denied", "tips": "denied"}
    assert ConsentChange.objects.count() == 2
    assert Preference.objects.get().weekly_limit == 1


def test_channels_are_shown_where_the_person_can_be_reached(alice):
    topic = messages.topic()
    topic.channels = ["email", "sms"]
    topic.save()
    without = Client().get(page_of(alice)).content.decode()
    Customer.objects.update(phone="+442079460018")
    with_phone = Client().get(page_of(alice)).content.decode()

    save(alice, shown=[f"{topic.pk}:sms"], topic=[f"{topic.pk}:sms"])

    assert [f"{topic.pk}:sms" in page for page in (without, with_phone)] == [False, True]
    assert set(Consent.objects.values_list("channel", "state")) == {("email", "granted"), ("sms", "granted")}


def test_archived_topics_are_offered_no_more(alice, at):
    topic = messages.topic()
    topic.archived_at = at
    topic.save()

    save(alice, shown=[str(topic.pk)], topic=[])

    assert 'name="topic"' not in Client().get(page_of(alice)).content.decode()
    assert Consent.objects.get().state == "granted"


def test_other_apps_may_add_a_link(alice, monkeypatch):
    link = person_links.PersonLink("x", "Your data", "A copy of it", lambda customer_id: f"/x/{customer_id}")
    monkeypatch.setattr(person_links.registry, "_items", {"x": link})

    assert f'href="/x/{alice.pk}"' in Client().get(page_of(alice)).content.decode()


@pytest.mark.parametrize("value", ["\0", "²", "x" * 100_000, "-1", "1e9", "🦊" * 5000])
def test_no_value_breaks_the_page(alice, value):
    names = ["action", "topic", "shown", "pause", "until", "limit", "tracked", "language"]

    for fields in (dict.fromkeys(names, value), *({"action": "save", name: value} for name in names[1:])):
        assert post(alice, **fields).status_code in {200, 422}
    assert Consent.objects.get().state == "granted"


def test_masks():
    assert [masked(a) for a in ("ana@example.co.uk", "x@localhost", "+442079460018", "12")] == [
        "a•••@e•••.uk", "x•••@•••", "•••0018", "•••",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "day", "expected"),
    [("1m", "2026-01-31", "2026-02-28"), ("3m", "2025-11-30", "2026-02-28"), ("2w", "2026-12-25", "2027-01-08")],
)
def test_pauses_end_at_the_start_of_a_day(choice, day, expected):
    at = datetime.fromisoformat(day).replace(hour=22, tzinfo=UTC)

    assert pauses.end(choice, zone="UTC", at=at).date().isoformat() == expected


# --- Gate and mails ---------------------------------------------------------------------------------------------------
def test_a_paused_person_is_skipped_by_a_campaign_and_the_reason_shows(alice, at):
    save(alice, pause="2w")
    messages.sending(alice, at=at)
    steps = trace(Message.objects.get(), at=at)

    send_all(at)

    assert state() == ("skipped", "paused")
    assert "Pause" in [step.title for step in steps]
    assert "Asked for a pause" in [step.detail for step in trace(Message.objects.get(), at=at)]


def test_a_journeys_message_waits_until_the_pause_is_over(alice, at):
    save(alice, pause="2w")
    planning.plan(
        audience=[alice.pk], content_version=messages.version(), topic=messages.topic(), source_kind="journey", source_id=1,
        occasion="journey:1", due_at=at, at=at,
    )  # fmt: skip

    send_all(at)
    deferred = Message.objects.get()
    send_all(deferred.due_at)

    assert (deferred.state, deferred.reason, deferred.due_at) == (
        "deferred",
        "paused",
        Preference.objects.get().paused_until,
    )
    assert state() == ("sent", "")


def test_transactional_mail_knows_no_pause(alice, at):
    save(alice, pause="2w")
    planning.plan(
        audience=[alice.pk], content_version=messages.version(), topic=None, source_kind="transactional", source_id=0,
        occasion="receipt:1", due_at=at, at=at,
    )  # fmt: skip

    send_all(at)

    assert state() == ("sent", "")


def test_a_weekly_limit_lowers_the_cap(alice, at):
    save(alice, limit="1")
    old = messages.message(alice, at=at - timedelta(days=2), source_id=77)
    messages.sending(alice, at=at, consenting=False)
    planned = Message.objects.exclude(pk=old.pk)
    words = " ".join(step.detail for step in trace(planned.get(), at=at))

    send_all(at)

    assert "1 of at most 1" in words
    assert (planned.get().state, planned.get().reason) == ("skipped", "frequency_cap")


def test_a_pause_that_comes_while_sending_wins(alice, at):
    """T-43 for pauses: the intent statement asks again."""
    messages.sending(alice, at=at)
    claim = sending.take(limit=10, at=at)
    pairs = [
        (r.message_id, sending.candidates([r.message_id], claim.token, at=at)[0].address_hash) for r in claim.recipients
    ]
    save(alice, pause="2w")

    assert sending._intend(pairs, claim.token, at) == set()


def test_without_tracking_there_is_no_pixel_and_links_are_plain(alice, at):
    """T-47."""
    bob = people.bob(city="A&B/c d")
    messages.consent(bob)
    wishes.wish(alice.pk, wishes.Wish(is_tracked=False), source="preferences", at=at)
    wishes.wish(bob.pk, wishes.Wish(is_tracked=False), source="preferences", at=at)
    carol = people.carol()
    blocks = [
        {"kind": "button", "label": "Shop", "url": "https://shop.example.com/new?a=1&b=2"},
        {"kind": "button", "label": "Near", "url": "https://shop.example.com/near?city={{ customer.city or 'x' }}"},
        {"kind": "button", "label": "Bad", "url": "{{ customer.first_name }}"},
        {"kind": "button", "label": "Mine", "url": "{{ preferences.url }}"},
    ]
    messages.sending(alice, bob, carol, at=at, content=messages.content(blocks=blocks))

    send_all(at)

    mails = {mail.recipient: unescape(mail.html).replace("&", "&amp;") for mail in OutboxMail.objects.all()}
    texts = dict(OutboxMail.objects.values_list("recipient", "text"))
    for address in ("alice@example.com", "bob@example.com"):
        for body in (mails[address], texts[address]):
            assert "/c/" not in body
            assert "/o/" not in body
    assert 'href="https://shop.example.com/new?a=1&amp;b=2"' in mails["bob@example.com"]
    assert "https://shop.example.com/new?a=1&b=2" in texts["bob@example.com"]
    assert "city=A%26B%2Fc%20d" in mails["bob@example.com"]
    assert 'href="#"' in mails["bob@example.com"]
    assert preferences_url(bob.pk) in mails["bob@example.com"]
    assert "/u/" in mails["bob@example.com"]
    assert len(re.findall(r"/c/[\w-]+/\d", mails["carol@example.com"])) == 4
    assert ".gif" in mails["carol@example.com"]


def test_tracking_switched_off_between_filling_in_and_sending_is_obeyed(alice, at):
    messages.sending(alice, at=at)
    claim = sending.take(limit=10, at=at)
    mails, _ = rendering.render_batch(claim.recipients, at=at)
    wishes.wish(alice.pk, wishes.Wish(is_tracked=False), source="preferences", at=at)

    sending.send_step(OutboxTransport(), mails, claim, at=at)
    assert OutboxMail.objects.count() == 0
    send_all(at)

    assert ".gif" not in OutboxMail.objects.get().html


def test_old_mails_of_who_switched_tracking_off_record_nothing(alice, at):
    message = messages.message(alice, at=at - timedelta(hours=1))
    wishes.wish(alice.pk, wishes.Wish(is_tracked=False), source="preferences", at=at)
    token = tokens.sign("message", message.pk)

    click = Client().get(f"/c/{token}/1", headers={"User-Agent": PERSON})
    Client().get(f"/o/{token}.gif", headers={"User-Agent": PERSON})
    shown = Client().get(f"/v/{token}").content.decode()

    assert click["Location"] == "https://shop.example.com/new?a=1&b=2"
    assert (Engagement.objects.count(), Event.objects.filter(name__startswith="message.").count()) == (0, 0)
    assert ".gif" not in shown


def test_the_gate_stays_one_statement_for_its_facts(at, django_assert_num_queries):
    crowd = [people.customer(f"P{number}") for number in range(20)]
    for person in crowd[::2]:
        wishes.wish(person.pk, wishes.Wish(weekly_limit=2), source="preferences", at=at)
    messages.sending(*crowd, at=at)
    claim = sending.take(limit=50, at=at)
    ids = [recipient.message_id for recipient in claim.recipients]

    with django_assert_num_queries(2):  # the facts, and the suppression list by hash
        found = sending.candidates(ids, claim.token, at=at)

    assert sum(candidate.facts.weekly_limit == 2 for candidate in found) == 10


@pytest.mark.django_db(transaction=True)
def test_unsubscribing_while_a_campaign_is_sent(on_postgresql, at):
    """T-43: nobody who withdrew before their row was begun gets the mail."""
    crowd = [people.customer(f"P{number}") for number in range(120)]
    topic = messages.topic()
    messages.sending(*crowd, at=at)
    withdrawn, begun = {}, {}

    class Slow(OutboxTransport):
        def deliver(self, mails, *, deadline):
            mails = list(mails)
            begun.update({mail.message_id: len(withdrawn) for mail in mails})
            return super().deliver(mails, deadline=deadline)

    def withdraw():
        try:
            for person in reversed(crowd):
                consent.set_consent(
                    [person.pk], topic=topic, channel="email", state="denied", source="t", wording="", at=at
                )
                withdrawn[person.pk] = len(withdrawn)
        finally:
            connection.close()

    thread = threading.Thread(target=withdraw)
    thread.start()
    while sending.send_batch(Slow(), at=at, limit=10):
        pass
    thread.join()

    rows = dict(Message.objects.values_list("customer_id", "state"))
    assert set(rows.values()) <= {"sent", "skipped"}
    for message in Message.objects.filter(state="sent"):
        assert withdrawn[message.customer_id] >= begun[message.pk] - 1


def test_preview_shows_no_link_that_works(alice, at):
    from campaigns.queries.preview import preview

    content = messages.content(blocks=[{"kind": "button", "label": "Mine", "url": "{{ preferences.url }}"}])

    assert tokens.sign("preferences", alice.pk) not in preview(content, alice.pk, at=at).html
    lifecycle.launch_due(at=at)


@pytest.mark.parametrize("name", ["{{", "{{ x }}", "{% if %}", "{#", "}} {{ customer.email }}", 'A{{"<b>'])
def test_braces_in_the_brand_are_text(alice, at, name):
    messages.brand(name=name, sender_name=name, postal_address=f"{name}\nLeeds")
    messages.sending(alice, at=at)

    send_all(at)

    mail = OutboxMail.objects.get()
    assert name in mail.text
    assert state() == ("sent", "")


def test_no_new_campaign_or_journey_can_choose_an_archived_topic(at):
    news, old = messages.topic(), messages.topic("old", archived_at=at)
    campaign, journey = messages.campaign(topic=old), journeys.journey(journeys.send("hello"))

    offered = [form.fields["topic"].queryset for form in (AudienceForm(), SettingsForm(instance=journey))]

    assert [list(topics) for topics in offered] == [[news], [news]]
    assert list(AudienceForm(instance=campaign).fields["topic"].queryset) == [news, old]
