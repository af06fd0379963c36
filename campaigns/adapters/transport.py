"""What a way of handing e-mail over looks like, and which one this installation uses."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from campaigns.enums import MessageState, Reason
from campaigns.rules.mime import Mail


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail. `PLANNED` means that it was never begun and may be tried at once by anybody.

    `is_ours`: the server objects to the sender, not to the recipient; a person must look before more is sent.
    """

    message_id: int
    state: MessageState
    reason: Reason = Reason.NONE
    detail: str = ""
    provider_id: str = ""
    is_ours: bool = False


class CannotConnect(Exception):
    """No mail of the batch was begun: the server is away. They wait and are tried again."""


class NotAllowed(CannotConnect):
    """The server refuses us as such (sign-in, policy): a person must look, so the campaign is paused."""


class Transport(Protocol):
    def deliver(self, mails: Iterable[Mail], *, deadline: float) -> list[Outcome]:
        """Hand mails over in order; nothing is begun after `deadline` (time.monotonic). One outcome per mail."""

    def close(self) -> None: ...


def open_transport(url: str = "") -> Transport:
    """The transport that EMAIL_URL names; it connects when the first mail comes."""
    from campaigns.adapters.outbox import OutboxTransport
    from campaigns.adapters.smtp import SmtpTransport

    url = url or settings.EMAIL_URL
    return OutboxTransport() if urlsplit(url).scheme == "outbox" else SmtpTransport(url)
