"""Single mails that somebody asked for: once in effect, whatever crashes, and nothing to blocked addresses."""

from datetime import timedelta

import pytest
from django.db import transaction

from campaigns.actions import sweeping, system_mails
from campaigns.adapters.outbox import OutboxTransport
from campaigns.adapters.transport import CannotConnect, Outcome
from campaigns.models import OutboxMail, SystemMail
from campaigns.queries import due
from campaigns.queries.database_clock import database_now
from customers.actions import consent
from customers.models import Suppression
from customers.ports import system_mail
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _brand():
    messages.brand()


def ask(at, key="opt-in:1", address="new@example.com", **values):
    values = {"values": {"url": "http://x/secret", "topics": ["News"], "days": 7}, **values}
    return system_mail.send(system_mail.SystemMail("customers/opt_in", address, key, **values), at=at)


class Says:
    """A transport that answers as told."""

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def deliver(self, mails, *, deadline):
        found = []
        for mail in mails:
            self.seen.append(mail)
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            found.append(Outcome(mail.message_id, *answer))
        return found


def state():
    row = SystemMail.objects.get()
    return row.state, row.reason


def test_a_key_is_written_once_and_lives_in_the_callers_transaction(at):
    with transaction.atomic():
        ask(at)
        transaction.set_rollback(True)
    assert SystemMail.objects.count() == 0

    assert [ask(at), ask(at)] == [True, False]
    assert due.messages_due(at).count == 1


def test_a_mail_goes_out_once_and_forgets_its_link(at):
    ask(at)

    assert [system_mails.send_batch(OutboxTransport(), at=at) for _ in range(2)] == [1, 0]

    assert "http://x/secret" in OutboxMail.objects.get().html
    assert (state(), SystemMail.objects.get().values) == (("sent", ""), {})


def test_a_blocked_address_gets_nothing_except_despite(at):
    for name, reason in [("a", "complaint"), ("b", "manual"), ("c", "manual")]:
        consent.suppress(channel="email", address=f"{name}@example.com", reason=reason, at=at)
        ask(at, key=name, address=f"{name}@example.com", despite=("manual",) if name != "c" else ())

    system_mails.send_batch(OutboxTransport(), at=at)

    assert dict(SystemMail.objects.values_list("key", "state")) == {"a": "skipped", "b": "sent", "c": "skipped"}


def test_a_server_that_is_away_is_asked_again_later(at):
    ask(at)

    system_mails.send_batch(Says(CannotConnect("away")), at=at)
    assert state() == ("deferred", "connection")
    assert system_mails.send_batch(OutboxTransport(), at=at) == 0
    system_mails.send_batch(OutboxTransport(), at=at + timedelta(minutes=5))

    assert state() == ("sent", "")


def test_a_lost_answer_is_tried_once_more_under_the_same_message_id(at):
    ask(at)
    server = Says(("unknown", "answer_lost"), ("unknown", "answer_lost"))

    system_mails.send_batch(server, at=at)
    system_mails.send_batch(server, at=at + timedelta(minutes=5))
    system_mails.send_batch(server, at=at + timedelta(minutes=50))

    ids = [line for mail in server.seen for line in mail.headers.split("\r\n") if line.startswith("Message-ID")]
    assert (len(ids), len(set(ids)), state()) == (2, 1, ("unknown", "answer_lost"))


def test_an_address_that_does_not_exist_is_blocked(at):
    ask(at)

    system_mails.send_batch(Says(("failed", "no_such_mailbox")), at=at)

    assert (state(), Suppression.objects.get().reason) == (("failed", "no_such_mailbox"), "hard_bounce")


def test_a_worker_that_died_after_the_intent_is_made_good(at, settings):
    ask(at)
    row = SystemMail.objects.get()
    SystemMail.objects.update(state="sending", attempt_no=1, attempt_deadline=database_now() - timedelta(hours=1))

    assert system_mails.sweep(at=at, grace=sweeping.GRACE)["retried"] == 1
    system_mails.send_batch(OutboxTransport(), at=at)
    assert OutboxMail.objects.get().system_mail == row

    SystemMail.objects.update(state="sending", attempt_deadline=database_now() - timedelta(hours=1))
    assert system_mails.sweep(at=at, grace=sweeping.GRACE)["proved"] == 1
    settings.EMAIL_URL = "smtp://mail.example.com"
    OutboxMail.objects.all().delete()
    SystemMail.objects.update(state="sending", attempt_no=2, attempt_deadline=database_now() - timedelta(hours=1))
    assert system_mails.sweep(at=at, grace=sweeping.GRACE)["unknown"] == 1


def test_an_expired_claim_is_free_again_and_old_rows_go(at):
    ask(at)
    SystemMail.objects.update(state="claimed", lease_until=database_now() - timedelta(minutes=1))
    assert system_mails.sweep(at=at, grace=sweeping.GRACE)["freed"] == 1
    system_mails.send_batch(OutboxTransport(), at=at)

    assert system_mails.sweep(at=at + timedelta(days=29), grace=sweeping.GRACE)["forgotten"] == 0
    assert system_mails.sweep(at=at + timedelta(days=31), grace=sweeping.GRACE)["forgotten"] == 1


def test_erasure_forgets_the_mails_and_their_copies(at):
    ask(at, address="Alice@example.com")
    system_mails.send_batch(OutboxTransport(), at=at)

    system_mails.forget("alice@example.com")

    assert (SystemMail.objects.count(), OutboxMail.objects.count()) == (0, 0)


@pytest.mark.parametrize("address", ["x", "a@b c.com", "a@example.com\r\nBcc: all@example.com"])
def test_what_is_no_address_is_skipped(at, address):
    ask(at, address=address)

    system_mails.send_batch(OutboxTransport(), at=at)

    assert state() == ("skipped", "bad_address")


def test_a_template_that_is_not_there_fails_in_words_and_holds_up_nobody(at):
    system_mail.send(system_mail.SystemMail("customers/none", "a@example.com", "a"), at=at)
    ask(at)

    system_mails.send_batch(OutboxTransport(), at=at)

    assert dict(SystemMail.objects.values_list("key", "reason")) == {"a": "render_error", "opt-in:1": ""}


def test_analysts_see_no_live_links(client, at):
    from django.contrib.auth.models import Group

    from config import roles

    roles.sync()
    ask(at)
    system_mails.send_batch(OutboxTransport(), at=at)
    user = people.staff_member("ana")
    user.groups.add(Group.objects.get(name="analyst"))
    client.force_login(user)
    mail = OutboxMail.objects.get()

    codes = [client.get(path).status_code for path in ("/outbox/", f"/outbox/{mail.pk}/", f"/outbox/{mail.pk}/body/")]

    assert codes == [403] * 3
    assert client.get("/messages/").status_code == 200
    user.groups.set([Group.objects.get(name="support")])
    assert client.get(f"/outbox/{mail.pk}/").status_code == 200
