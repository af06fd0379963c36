"""The SMTP client against a server that misbehaves (T-54, small), and against aiosmtpd."""

import email
import email.policy
import socket
import time

import pytest
from aiosmtpd.controller import Controller

from campaigns.actions import sending
from campaigns.adapters.smtp import SmtpTransport
from campaigns.adapters.transport import CannotConnect, NotAllowed
from campaigns.enums import CampaignState
from campaigns.models import Message
from campaigns.rules.mime import Mail
from tests.campaigns.smtp_server import SmtpServer
from tests.factories import messages, people


def mails(count, **values):
    return [
        Mail(number, "news@shop.example.com", f"p{number}@example.com", "Hi",
             f"Subject: Hi {number}\r\n", values.get("text", "Text\n.dot\n"), values.get("html", "<p>é</p>"))
        for number in range(1, count + 1)
    ]  # fmt: skip


def deliver(server, listed, seconds=60):
    transport = SmtpTransport(server.url)
    try:
        return transport.deliver(listed, deadline=time.monotonic() + seconds)
    finally:
        transport.close()


def short(outcomes):
    return [(outcome.message_id, str(outcome.state), str(outcome.reason)) for outcome in outcomes]


@pytest.mark.parametrize("features", [("PIPELINING", "8BITMIME"), ("8BITMIME",), ()])
def test_all_arrive_in_order_over_one_connection(features):
    with SmtpServer(features=features) as server:
        outcomes = deliver(server, mails(25))

    assert [outcome.state for outcome in outcomes] == ["sent"] * 25
    assert [outcome.provider_id for outcome in outcomes[:2]] == ["Q1", "Q2"]
    assert [address for address, _ in server.mails] == [f"p{n}@example.com" for n in range(1, 26)]
    assert server.connections == 1
    parsed = email.message_from_bytes(server.mails[0][1], policy=email.policy.default)
    assert parsed.get_body(("plain",)).get_content().split() == ["Text", ".dot"]
    assert "é" in parsed.get_body(("html",)).get_content()


@pytest.mark.parametrize("features", [("PIPELINING",), ()])
def test_one_refused_recipient_concerns_nobody_else(features):
    """T-22: after a 554 for one, the others arrive once."""
    answers = {
        "p2@example.com": "550 5.1.1 no such user",
        "p3@example.com": "451 4.7.1 greylisted",
        "p5@example.com": "554 no",
    }
    with SmtpServer(features=features, on_rcpt=answers.get) as server:
        outcomes = deliver(server, mails(6))

    assert short(outcomes) == [
        (1, "sent", ""), (2, "failed", "no_such_mailbox"), (3, "deferred", "try_later"), (4, "sent", ""),
        (5, "failed", "rejected"), (6, "sent", ""),
    ]  # fmt: skip
    assert [address for address, _ in server.mails] == ["p1@example.com", "p4@example.com", "p6@example.com"]


@pytest.mark.parametrize("features", [("PIPELINING",), ()])
def test_hanging_up_after_the_dot_makes_one_unknown_and_goes_on(features):
    with SmtpServer(features=features, on_body=lambda number, raw: "drop" if number == 3 else None) as server:
        outcomes = deliver(server, mails(6))

    states = [outcome.state for outcome in outcomes]
    assert states == ["sent", "sent", "unknown", "sent", "sent", "sent"]
    assert sorted(address for address, _ in server.mails) == [f"p{n}@example.com" for n in range(1, 7)]


def test_hanging_up_before_the_dot_is_never_unknown_unless_the_dot_left():
    """The client writes the whole body with its dot at once: from then on only the answer can tell."""
    with SmtpServer(on_rcpt=lambda address: "drop" if address == "p2@example.com" else None) as server:
        outcomes = deliver(server, mails(3))

    assert [outcome.state for outcome in outcomes] == ["sent", "deferred", "sent"]
    assert len(server.mails) == 2


def test_content_refused_after_the_dot_fails_or_waits():
    answers = {1: "552 5.2.2 mailbox full", 2: "421 4.7.0 slow down"}
    with SmtpServer(on_body=lambda number, raw: answers.pop(number, None)) as server:
        outcomes = deliver(server, mails(1))
        assert short(outcomes) == [(1, "failed", "rejected")]


def test_policy_refusals_are_ours_and_stop_the_talk():
    with SmtpServer(on_body=lambda number, raw: "550 5.7.515 access denied, DMARC" if number == 2 else None) as server:
        outcomes = deliver(server, mails(4))

    assert [outcome.state for outcome in outcomes][:2] == ["sent", "deferred"]
    assert outcomes[1].is_ours
    assert "sent" not in [outcome.state for outcome in outcomes[2:]]
    assert len(server.mails) == 1


def test_server_that_is_away_or_speaks_nonsense():
    server = SmtpServer(greeting=b"HTTP/1.1 400 no\r\n")
    with server, pytest.raises(CannotConnect):
        deliver(server, mails(1))
    with pytest.raises(CannotConnect):
        deliver(server, mails(1))


def test_refused_sign_in_is_not_allowed():
    with SmtpServer(auth="PLAIN") as server:
        transport = SmtpTransport(f"smtp://user:secret@127.0.0.1:{server.port}")
        with pytest.raises(NotAllowed):
            transport.deliver(mails(1), deadline=time.monotonic() + 60)
    assert server.mails == []


def test_deadline_stops_before_the_next_dot():
    with SmtpServer() as server:
        transport = SmtpTransport(server.url)
        outcomes = transport.deliver(mails(3), deadline=time.monotonic() - 1)

    assert [outcome.state for outcome in outcomes] == ["planned"] * 3
    assert server.mails == []


def test_long_lines_become_quoted_printable():
    with SmtpServer() as server:
        deliver(server, mails(1, html="<p>" + "é" * 3000 + "</p>"))

    raw = server.mails[0][1]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert "é" * 3000 in email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",)).get_content()


@pytest.mark.django_db
def test_whole_campaign_over_real_smtp_with_its_headers(at, settings):
    class Keep:
        mails = []

        async def handle_DATA(self, server, session, envelope):
            self.mails.append(envelope)
            return "250 OK queued"

    messages.brand(sender_name='Tea "&" Cö')
    alice = people.customer("Zoë\r\nBcc: x@example.com", email="zoe@example.com")
    campaign = messages.sending(alice, at=at)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        sending.send_batch(SmtpTransport(f"smtp://127.0.0.1:{port}"), at=at)
    finally:
        controller.stop()

    [envelope] = Keep.mails
    parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
    row = Message.objects.get()
    assert (row.state, envelope.mail_from, envelope.rcpt_tos) == ("sent", "hello@shop.example.com", ["zoe@example.com"])
    assert parsed["Subject"] == "Hello Zoë Bcc: x@example.com"
    assert parsed["Bcc"] is None
    assert parsed["From"].addresses[0].display_name == 'Tea "&" Cö'
    assert parsed["Message-ID"] == f"<m{row.pk}@shop.example.com>"
    assert parsed["List-Unsubscribe"].startswith("<http://testserver/u/")
    assert "mailto:care@shop.example.com" in parsed["List-Unsubscribe"]
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Id"] == f"<campaign-{campaign.pk}.list.shop.example.com>"
    assert parsed["Feedback-ID"] == f"{campaign.pk}:campaign:email:perennial"
    assert parsed["Date"].datetime == at
    assert "Leeds" in parsed.get_body(("html",)).get_content()
    assert "http://testserver/u/" in parsed.get_body(("plain",)).get_content()


@pytest.mark.django_db
def test_policy_refusal_pauses_the_campaign(at):
    messages.brand()
    campaign = messages.sending(*[people.customer(f"P{n}", email=f"p{n}@example.com") for n in range(3)], at=at)
    with SmtpServer(on_mail=lambda command: "550 5.7.1 sender not allowed") as server:
        sending.send_batch(SmtpTransport(server.url), at=at)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert "5.7.1" in campaign.problem
    assert set(Message.objects.values_list("state", flat=True)) <= {"planned", "deferred"}
