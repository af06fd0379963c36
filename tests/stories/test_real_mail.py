"""A real mail server takes the mail, and a mail program unsubscribes with one click."""

import errno
import re
import socket
import urllib.request
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from campaigns.actions import lifecycle
from config.kit.clock import now
from customers.models import Consent, Event
from tests.factories import messages, people

pytestmark = pytest.mark.django_db(transaction=True)


class Mailbox:
    """Keeps what the server took."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # the name that aiosmtpd asks for
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 taken"


def started(box):
    """A server on a free port; somebody else may take the port between our look and our use of it."""
    for _turn in range(20):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
        try:
            server.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return server
    raise RuntimeError("No free port was found.")


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    server = started(box)
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    yield box
    server.stop()


def press_unsubscribe(url):
    """What RFC 8058 lets a mail program do: one POST, no cookies, no page opened before."""
    with urllib.request.urlopen(url, data=b"List-Unsubscribe=One-Click", timeout=60) as answer:  # our own server
        return answer.status


def test_mail_goes_through_a_real_server_and_one_click_unsubscribes(clock, mailbox, work, live_server):
    messages.brand()
    alice, bob = people.alice(), people.bob()
    campaign = messages.campaign(alice, bob)
    lifecycle.schedule(campaign, when=now(), user_id=None, at=now())

    work()

    assert sorted(recipients for recipients, _raw in mailbox.mails) == [[alice.email], [bob.email]]
    raw = next(raw for recipients, raw in mailbox.mails if recipients == [alice.email])
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "Hello Alice"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.search(r"<(https?://[^>]+)>", mail["List-Unsubscribe"])[1]
    assert url.startswith(live_server.url)
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}

    clock.shift(timedelta(minutes=5))
    assert press_unsubscribe(url) == 200

    work()
    assert dict(Consent.objects.values_list("customer__first_name", "state")) == {"Alice": "denied", "Bob": "granted"}
    assert Event.objects.filter(name="message.unsubscribed").count() == 1

    again = messages.campaign(alice, bob, consenting=False, name="Again")
    lifecycle.schedule(again, when=now(), user_id=None, at=now())
    clock.shift(timedelta(minutes=5))
    work()
    assert [recipients for recipients, _raw in mailbox.mails[2:]] == [[bob.email]]
