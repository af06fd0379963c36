"""The local outbox: mails stay on this machine, for looking at them and for walking through the product."""

import time
from collections.abc import Iterable

from campaigns.adapters.transport import Outcome
from campaigns.enums import MessageState
from campaigns.models import OutboxMail
from campaigns.rules.mime import Mail
from config.kit.clock import now


class OutboxTransport:
    """Writes one row per mail. The row's key is the message, so a mail stands there once whatever happens.

    A negative message id is that of a system mail.
    """

    def deliver(self, mails: Iterable[Mail], *, deadline: float) -> list[Outcome]:
        listed = list(mails)
        if time.monotonic() >= deadline:
            return [Outcome(mail.message_id, MessageState.PLANNED) for mail in listed]
        sent_at = now()
        OutboxMail.objects.bulk_create(
            (
                OutboxMail(
                    message_id=mail.message_id if mail.message_id > 0 else None,
                    system_mail_id=-mail.message_id if mail.message_id < 0 else None,
                    sender=_header(mail.headers, "From")[:400],
                    recipient=mail.recipient,
                    subject=mail.subject[:998],
                    headers=mail.headers.replace("\r\n", "\n"),
                    html=mail.html,
                    text=mail.text,
                    sent_at=sent_at,
                )
                for mail in listed
            ),
            ignore_conflicts=True,
        )
        return [Outcome(mail.message_id, MessageState.SENT, detail="Kept in the local outbox") for mail in listed]

    def close(self) -> None:
        pass


def _header(headers: str, name: str) -> str:
    start = headers.find(f"{name}: ")
    return headers[start + len(name) + 2 : headers.find("\r\n", start)] if start >= 0 else ""
