"""Planning, the gate, sending and recording, on the local outbox."""

from datetime import timedelta

import pytest

from campaigns.actions import lifecycle, planning, sending, sweeping
from campaigns.adapters.outbox import OutboxTransport
from campaigns.adapters.transport import CannotConnect, NotAllowed, Outcome
from campaigns.enums import CampaignState, MessageState, Reason
from campaigns.models import Campaign, Message, OutboxMail
from campaigns.rules import holdout
from customers.actions import consent as consents
from customers.models import Event
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _brand():
    messages.brand()


def send_all(at, transport=None):
    transport = transport or OutboxTransport()
    while sending.send_batch(transport, at=at):
        pass
    sweeping.close_finished(at=at)


def states():
    return dict(Message.objects.values_list("customer__first_name", "state"))


def reasons():
    return {name: reason for name, reason in Message.objects.values_list("customer__first_name", "reason") if reason}


def test_campaign_reaches_everybody_once(at):
    alice, bob = people.alice(), people.bob()
    campaign = messages.sending(alice, bob, at=at)

    send_all(at)
    lifecycle.launch_due(at=at)
    send_all(at)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENT
    assert states() == {"Alice": "sent", "Bob": "sent"}
    assert sorted(OutboxMail.objects.values_list("recipient", "subject")) == [
        ("alice@example.com", "Hello Alice"),
        ("bob@example.com", "Hello Bob"),
    ]
    assert Event.objects.filter(name="message.sent").count() == 2


def test_planning_twice_plans_once(at):
    ids = [people.customer(f"P{number}").pk for number in range(30)]
    values = {
        "content_version": messages.version(), "topic": messages.topic(), "source_kind": "journey", "source_id": 3,
        "occasion": "journey:3:step:welcome:run:1", "due_at": at, "at": at,
    }  # fmt: skip

    first = planning.plan(audience=ids[:20], **values)
    second = planning.plan(audience=ids, **values)

    assert (first, second) == (20, 10)


def test_holdout_is_drawn_by_person_and_programme(at):
    ids = [people.customer(f"P{number}").pk for number in range(200)]

    planning.plan(
        audience=ids, content_version=messages.version(), topic=messages.topic(), source_kind="journey", source_id=3,
        occasion="journey:3:a", due_at=at, at=at, holdout_percent=20,
    )  # fmt: skip

    held = set(Message.objects.filter(state="holdout").values_list("customer_id", flat=True))
    assert held == {i for i in ids if holdout.is_held_out("journey:3", i, 20)}
    assert 15 < len(held) < 70


def test_gate_skips_with_the_reason(at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    dave = people.customer("Dave", email="")
    erin = people.customer("Erin", email="erin@exa mple.com")
    frank = people.customer("Frank", email="frank@example.com\r\nBcc: all@example.com")
    messages.consent(alice, carol, dave, erin, frank)
    messages.consent(bob, state="denied")
    consents.suppress(channel="email", address="CAROL@example.com", reason="complaint", at=at)
    messages.sending(alice, bob, carol, dave, erin, frank, at=at, consenting=False)

    send_all(at)

    assert states() == {
        "Alice": "sent", "Bob": "skipped", "Carol": "skipped", "Dave": "skipped", "Erin": "skipped", "Frank": "skipped",
    }  # fmt: skip
    assert reasons() == {
        "Bob": "no_consent", "Carol": "suppressed", "Dave": "no_address", "Erin": "bad_address", "Frank": "bad_address",
    }  # fmt: skip


def test_transactional_needs_no_consent_but_respects_suppression(at):
    alice, bob = people.alice(), people.bob()
    consents.suppress(channel="email", address="bob@example.com", reason="hard_bounce", at=at)
    planning.plan(
        audience=[alice.pk, bob.pk], content_version=messages.version(), topic=None, source_kind="transactional",
        source_id=0, occasion="points-link:1", due_at=at, at=at,
    )  # fmt: skip

    send_all(at)

    assert states() == {"Alice": "sent", "Bob": "skipped"}
    headers = OutboxMail.objects.get().headers
    assert "List-Unsubscribe" not in headers
    assert "Auto-Submitted: auto-generated" in headers


def test_one_mail_per_address_per_campaign(at):
    alice = people.alice(email="home@example.com")
    twin = people.customer("Twin", email="HOME@example.com")
    messages.sending(alice, twin, at=at)

    send_all(at)

    assert states() == {"Alice": "sent", "Twin": "skipped"}
    assert reasons() == {"Twin": "duplicate_address"}


def test_address_that_changed_after_planning_is_still_written_once(at):
    alice, bob = people.alice(), people.bob()
    messages.sending(alice, bob, at=at)
    sending.send_batch(OutboxTransport(), at=at, limit=1)
    bob.email = "alice@example.com"
    bob.save()

    send_all(at)

    assert OutboxMail.objects.count() == 1
    assert reasons() == {"Bob": "duplicate_address"}


def test_frequency_cap_skips_campaigns_and_delays_journeys(at):
    alice = people.alice()
    messages.consent(alice)
    version = messages.version()
    for number in range(3):
        messages.message(alice, at=at - timedelta(days=number), source_id=90 + number, version=version)
    messages.sending(alice, at=at, consenting=False)
    planning.plan(
        audience=[alice.pk], content_version=version, topic=messages.topic(), source_kind="journey", source_id=5,
        occasion="journey:5:a", due_at=at, at=at,
    )  # fmt: skip

    send_all(at)

    assert OutboxMail.objects.count() == 0
    journey = Message.objects.get(source_kind="journey")
    assert (journey.state, journey.reason, journey.due_at) == ("deferred", "frequency_cap", at + timedelta(days=1))
    assert Message.objects.filter(state="skipped", reason="frequency_cap").count() == 1


def test_pause_holds_resume_goes_on_stop_cancels(at):
    campaign = messages.sending(*[people.customer(f"P{n}") for n in range(4)], at=at)
    sending.send_batch(OutboxTransport(), at=at, limit=1)

    lifecycle.pause(campaign, user_id=None, at=at)
    send_all(at)
    assert OutboxMail.objects.count() == 1
    lifecycle.resume(campaign, user_id=None, at=at)
    sending.send_batch(OutboxTransport(), at=at, limit=1)
    cancelled = lifecycle.stop(campaign, user_id=None, at=at)
    send_all(at)

    assert cancelled == 2
    assert OutboxMail.objects.count() == 2
    assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "sent", "sent"]


def test_withdrawal_between_claim_and_gate_wins(at):
    """T-43: the statement that commits the intent asks consent and suppression itself."""
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    messages.sending(alice, bob, carol, at=at)
    claim = sending.take(limit=10, at=at)
    messages.consent(alice, state="denied")
    consents.suppress(channel="email", address="bob@example.com", reason="complaint", at=at)

    passed = sending.pass_gate([r.message_id for r in claim.recipients], claim.token, at=at)

    assert passed == {Message.objects.get(customer=carol).pk}


def test_intent_statement_alone_stops_withdrawn_and_suppressed(at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    messages.sending(alice, bob, carol, at=at)
    claim = sending.take(limit=10, at=at)
    from campaigns.queries.gate_facts import address_hash

    pairs = [(r.message_id, address_hash(r.address)) for r in claim.recipients]
    messages.consent(alice, state="denied")
    consents.suppress(channel="email", address="bob@example.com", reason="complaint", at=at)

    assert sending._intend(pairs, claim.token, at) == {Message.objects.get(customer=carol).pk}


def test_a_lost_claim_changes_nothing(at):
    """A worker frozen past its lease: its token is gone, its gate passes nobody, its record writes nothing."""
    messages.sending(people.alice(), at=at)
    frozen = sending.take(limit=10, at=at)
    Message.objects.update(state="planned", token=None, lease_until=None)
    send_all(at)

    passed = sending.pass_gate([frozen.recipients[0].message_id], frozen.token, at=at)
    written = sending.record([Outcome(frozen.recipients[0].message_id, MessageState.DEFERRED)], frozen, at=at)

    assert (passed, written) == (set(), 0)
    assert states() == {"Alice": "sent"}


def test_content_error_fails_one_person_only(at):
    alice, bob = people.alice(), people.bob()
    campaign = messages.campaign(alice, bob, content=messages.content(subject="Hi"))
    lifecycle.schedule(campaign, when=at, user_id=None, at=at)
    version = campaign.content_version
    version.subject = "{% if customer.first_name == 'Bob' %}{{ customer.first_name | round }}{% endif %}Hi"
    version.variables, version.digest = ["customer.first_name"], "changed"
    version.save()
    lifecycle.launch_due(at=at)

    send_all(at)

    assert states() == {"Alice": "sent", "Bob": "failed"}
    assert reasons() == {"Bob": "render_error"}


class Scripted:
    """A transport that answers as told."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def deliver(self, mails, *, deadline):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer(mail) for mail in mails]

    def close(self):
        pass


def test_server_that_is_away_delays_everything_without_counting(at):
    messages.sending(people.alice(), people.bob(), at=at)

    sending.send_batch(Scripted(CannotConnect("no route")), at=at)

    rows = Message.objects.values_list("state", "reason", "attempt_no", "due_at")
    assert set(rows) == {("deferred", "connection", 0, at + timedelta(minutes=5))}
    send_all(at + timedelta(minutes=6))
    assert OutboxMail.objects.count() == 2


def test_refused_sign_in_pauses_the_campaign_with_the_words(at):
    campaign = messages.sending(people.alice(), at=at)

    sending.send_batch(Scripted(NotAllowed("mx refused the sign-in: 535 no")), at=at)

    campaign.refresh_from_db()
    assert (campaign.state, campaign.problem) == (CampaignState.PAUSED, "mx refused the sign-in: 535 no")


def test_missing_mailbox_suppresses_the_address(at):
    alice = people.alice()
    messages.sending(alice, at=at)

    sending.send_batch(
        Scripted(lambda mail: Outcome(mail.message_id, MessageState.FAILED, Reason.NO_SUCH_MAILBOX, "550 5.1.1 no")), at=at
    )

    assert states() == {"Alice": "failed"}
    assert alice.suppressions.get().reason == "hard_bounce"
    assert Event.objects.filter(name="message.bounced", customer=alice).count() == 1


def test_temporary_refusals_wait_longer_each_time_and_end(at):
    messages.sending(people.alice(), at=at)
    later = Scripted(*[lambda mail: Outcome(mail.message_id, MessageState.DEFERRED, Reason.TRY_LATER, "451")] * 20)
    moment, waits = at, []

    while (row := Message.objects.get()).state in ("planned", "deferred"):
        moment = max(moment, row.due_at)
        sending.send_batch(later, at=moment)
        waits.append((Message.objects.get().due_at - moment).total_seconds())

    assert waits[:3] == [300, 450, 675]
    assert (row.state, row.reason) == ("failed", "gave_up")


def test_lost_answers_become_unknown_and_are_never_resent(at, settings):
    settings.EMAIL_URL = "smtp://mx.example.com"
    campaign = messages.sending(people.alice(), at=at)
    claim = sending.take(limit=1, at=at)
    sending.pass_gate([claim.recipients[0].message_id], claim.token, at=at)

    before = sweeping.sweep(at=at)
    Message.objects.update(attempt_deadline=at - timedelta(days=4000))
    after = sweeping.sweep(at=at)
    send_all(at)

    assert (before["unknown"], after["unknown"]) == (0, 1)
    assert Message.objects.get().state == "unknown"
    assert OutboxMail.objects.count() == 0
    assert sweeping.resend_unknown(source_kind="campaign", source_id=campaign.pk, at=at) == 1
    send_all(at)
    assert OutboxMail.objects.count() == 1


def test_expired_claims_are_given_back(at):
    messages.sending(people.alice(), at=at)
    sending.take(limit=1, at=at)

    Message.objects.update(lease_until=at - timedelta(days=4000))

    assert sweeping.sweep(at=at)["freed"] == 1
    send_all(at)
    assert OutboxMail.objects.count() == 1


def test_outbox_proves_what_was_sent(at):
    messages.sending(people.alice(), people.bob(), at=at)
    claim = sending.take(limit=2, at=at)
    sending.pass_gate([r.message_id for r in claim.recipients], claim.token, at=at)
    OutboxMail.objects.create(message_id=claim.recipients[0].message_id, sent_at=at)
    Message.objects.update(attempt_deadline=at - timedelta(days=4000))

    swept = sweeping.sweep(at=at)

    assert (swept["proved"], swept["retried"], swept["unknown"]) == (1, 1, 0)


def test_two_schedulers_in_the_same_second_send_once(at):
    """T-20: launching and claiming twice gives nobody a second mail."""
    messages.campaign(people.alice())
    campaign = Campaign.objects.get()
    lifecycle.schedule(campaign, when=at, user_id=None, at=at)
    lifecycle.launch_due(at=at)
    Campaign.objects.update(planned_at=None)
    lifecycle.launch_due(at=at)

    first, second = sending.take(limit=10, at=at), sending.take(limit=10, at=at)

    assert (len(first.recipients), len(second.recipients)) == (1, 0)
