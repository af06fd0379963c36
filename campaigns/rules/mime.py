"""An e-mail as bytes, built from prepared parts: no parser and no policy object per person."""

import binascii
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.rules.template import one_line

LONGEST_LINE = 998  # RFC 5321 4.5.3.1.6
BOUNDARY = "=_perennial_part"  # "=_" can stand in no quoted-printable text; 8bit bodies are checked for it
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail ready to hand over. `headers` are complete lines with CRLF, without those of the MIME parts."""

    message_id: int
    sender: str
    recipient: str
    subject: str
    headers: str
    text: str
    html: str


def date(at: datetime) -> str:
    """A moment as RFC 5322 writes it, in UTC and English whatever the locale."""
    at = at.astimezone(UTC)
    return f"{DAYS[at.weekday()]}, {at.day:02d} {MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} +0000"


def words(text: str) -> str:
    """Unstructured header text: as it is when ASCII, else RFC 2047 encoded words of at most 75 characters, folded."""
    text = one_line(text)
    if text.isascii() and len(text) <= 900 and "=?" not in text:
        return text
    parts, part = [], b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(part) + len(encoded) > 42:
            parts.append(part)
            part = b""
        part += encoded
    parts.append(part)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(p).decode()}?=" for p in parts)


def mailbox(name: str, address: str) -> str:
    """`Name <address>` for a header; the name quoted or encoded so that it cannot break out."""
    name = one_line(name)
    if not name:
        return f"<{address}>"
    if not name.isascii() or "=?" in name:
        return f"{words(name)} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def as_bytes(mail: Mail, *, eight_bit: bool) -> bytes:
    """The whole message with CRLF lines and dots stuffed, ready for DATA, without the final dot."""
    text, html = _lines(mail.text), _lines(mail.html)
    encoding = "8bit"
    if not eight_bit or _is_long(text) or _is_long(html) or BOUNDARY.encode() in text + html:
        encoding, text, html = "quoted-printable", _quoted(text), _quoted(html)
    head = (
        f'{mail.headers}MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n\r\n'
        f"--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    between = f"\r\n--{BOUNDARY}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    body = b"".join((head.encode(), text, between.encode(), html, f"\r\n--{BOUNDARY}--\r\n".encode()))
    return body.replace(b"\r\n.", b"\r\n..")


def _lines(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").replace(b"\n", b"\r\n")


def _quoted(text: bytes) -> bytes:
    # The encoder takes its own line ends from the first one it sees; without any it would write bare line feeds.
    return binascii.b2a_qp(text if b"\r\n" in text else text + b"\r\n", istext=True)


def _is_long(text: bytes) -> bool:
    return len(text) > LONGEST_LINE and max(map(len, text.split(b"\r\n"))) > LONGEST_LINE
