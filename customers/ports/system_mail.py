"""Single mails that the first floor owes somebody because they just asked for something: a confirmation, a link.

The floor above that can send registers itself with `serve`. A mail is written as a row in the caller's transaction and
leaves soon after by the same machine as every other message: once in effect, tried again when the server is away, and,
because it is transactional, once more under the same Message-ID when the server's answer was lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SystemMail:
    """One mail to one address.

    `template` names the files `templates/emails/<template>.subject.txt`, `.txt` and `.html`; they see `values` (plain data:
    text, numbers, lists) and `brand`. `locale` is the language, "" that of the account. `key` names the occasion
    ("opt-in:12"): the same key is never written twice. An address on the suppression list gets nothing, except when the
    list's reason is among `despite`. Links in `values` are forgotten when the mail has left.
    """

    template: str
    address: str
    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    locale: str = ""
    despite: tuple[str, ...] = ()


Send = Callable[[SystemMail, datetime], bool]
_senders: list[Send] = []


def serve(sender: Send) -> None:
    """Register the app that sends; there is one."""
    _senders[:] = [sender]


def send(mail: SystemMail, *, at: datetime) -> bool:
    """Write the mail down for sending, in the caller's transaction; False when its key was written before."""
    if not _senders:
        raise LookupError("no app sends mail: system_mail.serve was never called")
    return _senders[0](mail, at)
