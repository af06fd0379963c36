"""Header lines of a message: constants once per version, the rest per person."""

from campaigns.rules import mime
from campaigns.rules.template import one_line


def domain_of(address: str) -> str:
    return address.rpartition("@")[2] or "localhost"


def constant(*, sender_name: str, sender_email: str, reply_to: str, list_id: str, feedback: str) -> str:
    """From, Reply-To, List-Id, Feedback-ID: the same for everybody. `list_id` is empty for transactional messages."""
    lines = [f"From: {mime.mailbox(sender_name, one_line(sender_email))}\r\n"]
    if reply_to:
        lines.append(f"Reply-To: <{one_line(reply_to)}>\r\n")
    if list_id:
        lines.append(f"List-Id: <{list_id}.{domain_of(sender_email)}>\r\n")
    if feedback:
        lines.append(f"Feedback-ID: {feedback}\r\n")
    return "".join(lines)


def personal(
    *, recipient: str, subject: str, message_id: int, domain: str, date: str, unsubscribe_url: str, unsubscribe_mail: str
) -> str:
    """To, Subject, Date, Message-ID (the same for every attempt), and the one-click unsubscribe pair (RFC 8058)."""
    lines = (
        f"To: <{recipient}>\r\nSubject: {mime.words(subject)}\r\nDate: {date}\r\nMessage-ID: <m{message_id}@{domain}>\r\n"
    )
    if unsubscribe_url:
        mailto = f", <mailto:{unsubscribe_mail}?subject=unsubscribe>" if unsubscribe_mail else ""
        lines += f"List-Unsubscribe: <{unsubscribe_url}>{mailto}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return lines
