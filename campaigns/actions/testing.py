"""Test mails: one draft to one address of the staff, outside of every ledger."""

import time
from datetime import datetime

from django.conf import settings

from campaigns.adapters.transport import CannotConnect, open_transport
from campaigns.enums import MessageState
from campaigns.models import Content
from campaigns.queries.preview import preview
from campaigns.rules import headers, mime
from customers.queries import brand as brands


def send_test(content: Content, address: str, *, customer_id: int | None, at: datetime) -> str:
    """Send a draft as a test; returns what went wrong in words, or an empty text. Its links are not tracked."""
    shown = preview(content, customer_id, at=at)
    if shown.error:
        return shown.error
    brand = brands.current()
    sender = content.sender_email or brand.sender_email or settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip("> ")
    subject = f"[Test] {shown.subject}"
    lines = headers.constant(
        sender_name=content.sender_name or brand.sender_name or brand.name, sender_email=sender, reply_to=brand.reply_to,
        list_id="", feedback="",
    )  # fmt: skip
    lines += headers.personal(
        recipient=address, subject=subject, message_id=int(at.timestamp() * 1000), domain=headers.domain_of(sender),
        date=mime.date(at), unsubscribe_url="", unsubscribe_mail="",
    )  # fmt: skip
    mail = mime.Mail(0, sender, address, subject, lines, shown.text, shown.html)
    transport = open_transport()
    try:
        [outcome] = transport.deliver([mail], deadline=time.monotonic() + 30)
    except CannotConnect as error:
        return str(error)
    finally:
        transport.close()
    return "" if outcome.state == MessageState.SENT else outcome.detail or str(outcome.reason.label)
