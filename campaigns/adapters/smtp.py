"""An SMTP client of our own: one connection per worker, kept open, pipelined where the server offers it (RFC 2920).

Standard clients wait for an answer five times per mail. This one sends the body of mail n together with the envelope of
mail n+1. What it never does: guess. The answer to the final dot decides; without that answer the outcome is `unknown`.
"""

import contextlib
import logging
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from campaigns.adapters.transport import CannotConnect, NotAllowed, Outcome
from campaigns.enums import MessageState, Reason
from campaigns.rules.mime import Mail, as_bytes

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10
COMMAND_SECONDS = 60
LONGEST_REPLY = 8_192
IDLE_SECONDS = 60  # servers close idle connections after a few minutes; a fresh one is cheaper than a lost answer
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
NO_SUCH_MAILBOX = {"5.1.1", "5.1.10", "5.1.2", "5.1.3", "5.1.6"}
# The server objects to us, not to the recipient: SPF, DKIM, DMARC, block lists, relaying, sender addresses.
OURS = {"5.7.1", "5.7.8", "5.7.9", "5.7.0", "5.7.23", "5.7.25", "5.7.26", "5.7.27", "5.7.515", "5.1.7", "5.1.8"}


class Dropped(OSError):
    """The connection ended in the middle of a talk."""


def judge(mail: Mail, code: int, words: str) -> Outcome:
    """The outcome that a server's answer to a mail means (RFC 5321 4.2, RFC 3463)."""
    detail = f"{code} {words}"[:300]
    found = ENHANCED.search(words[:40])
    enhanced = found[0] if found else ""
    if 200 <= code < 300:
        queued = re.search(r"queued as ([\w.-]{1,100})", words, re.IGNORECASE)
        return Outcome(mail.message_id, MessageState.SENT, Reason.NONE, detail, queued[1] if queued else "")
    if 400 <= code < 500:
        return Outcome(mail.message_id, MessageState.DEFERRED, Reason.TRY_LATER, detail)
    if enhanced in NO_SUCH_MAILBOX:
        return Outcome(mail.message_id, MessageState.FAILED, Reason.NO_SUCH_MAILBOX, detail)
    if enhanced in OURS or code == 530:
        return Outcome(mail.message_id, MessageState.DEFERRED, Reason.REJECTED, detail, is_ours=True)
    return Outcome(mail.message_id, MessageState.FAILED, Reason.REJECTED, detail)


class SmtpTransport:
    """`smtp://user:password@host:587` (STARTTLS when offered, and required before a password is sent) or `smtps://`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._is_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._is_tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._features: dict[str, str] = {}
        self._used_at = 0.0

    # --- Connection -------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Say goodbye and hang up; never raises."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.settimeout(2)
                self._socket.sendall(b"QUIT\r\n")
            self._hang_up()

    def _hang_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self._buffer, self._features = None, b"", {}

    def _connect(self) -> None:
        if self._socket is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
        if self._socket is not None:
            return
        try:
            self._open()
        except NotAllowed:
            self._hang_up()
            raise
        except (OSError, UnicodeError) as error:
            self._hang_up()
            raise CannotConnect(f"{self._host}:{self._port}: {error}"[:250]) from error

    def _open(self) -> None:
        plain = socket.create_connection((self._host, self._port), CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(COMMAND_SECONDS)
        self._socket = plain
        if self._is_tls:
            self._encrypt()
        self._expect(220, self._reply())
        self._hello()
        if not self._is_tls and "STARTTLS" in self._features:
            self._send(b"STARTTLS\r\n")
            self._expect(220, self._reply())
            if self._buffer:
                raise Dropped("the server sent text before encryption")  # CVE-2011-0411: injected plain text
            self._encrypt()
            self._hello()
        if self._user:
            self._sign_in()
        self._used_at = time.monotonic()

    def _encrypt(self) -> None:
        assert self._socket is not None
        context = ssl.create_default_context()
        if self._host in ("localhost", "127.0.0.1", "::1"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the relay on this very machine
        self._socket = context.wrap_socket(self._socket, server_hostname=self._host)

    def _hello(self) -> None:
        name = socket.getfqdn()
        self._send(f"EHLO {name if name.isascii() and ' ' not in name else 'localhost'}\r\n".encode())
        code, words = self._reply()
        if code >= 500:
            self._send(b"HELO localhost\r\n")
            code, words = self._reply()
        self._expect(250, (code, words))
        features = [line.upper().split() for line in words.splitlines()[1:]]
        self._features = {parts[0]: " ".join(parts[1:]) for parts in features if parts}

    def _sign_in(self) -> None:
        if not isinstance(self._socket, ssl.SSLSocket) and self._host not in ("localhost", "127.0.0.1", "::1"):
            raise NotAllowed(f"{self._host} offers no encryption, so the password was not sent")
        offered = self._features.get("AUTH", "").split()
        if "PLAIN" in offered or not offered:
            secret = b64encode(f"\0{self._user}\0{self._password}".encode()).decode()
            self._send(f"AUTH PLAIN {secret}\r\n".encode())
            code, words = self._reply()
        else:
            self._send(b"AUTH LOGIN\r\n")
            code, words = self._reply()
            for secret in (self._user, self._password):
                if code == 334:
                    self._send(b64encode(secret.encode()) + b"\r\n")
                    code, words = self._reply()
        if code != 235:
            raise NotAllowed(f"{self._host} refused the sign-in: {code} {words}"[:250])

    # --- Talk -------------------------------------------------------------------------------------------------------
    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.sendall(data)

    def _line(self) -> bytes:
        assert self._socket is not None
        while b"\n" not in self._buffer:
            if len(self._buffer) > LONGEST_REPLY:
                raise Dropped("the server's answer does not end")
            data = self._socket.recv(65_536)
            if not data:
                raise Dropped("the server hung up")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def _reply(self) -> tuple[int, str]:
        lines: list[str] = []
        while True:
            line = self._line()
            if len(lines) > 100 or not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
                raise Dropped("the server's answer is no SMTP")
            lines.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(lines)

    def _expect(self, wanted: int, reply: tuple[int, str]) -> None:
        code, words = reply
        if code != wanted:
            raise (NotAllowed if code >= 500 else Dropped)(f"{self._host} answered {code} {words}"[:250])

    # --- Mails ------------------------------------------------------------------------------------------------------
    def deliver(self, mails: Iterable[Mail], *, deadline: float) -> list[Outcome]:
        """See `Transport.deliver`. Raises `CannotConnect` or `NotAllowed` only when no mail was begun."""
        listed = list(mails)
        if not listed:
            return []
        self._connect()
        outcomes: list[Outcome] = []
        done = 0
        while done < len(listed):
            new, is_lost = self._talk(listed[done:], deadline)
            outcomes += new
            done += len(new)
            if done >= len(listed) or time.monotonic() >= deadline:
                break
            if is_lost:
                try:
                    self._connect()
                except CannotConnect:
                    break
        outcomes += [Outcome(mail.message_id, MessageState.PLANNED) for mail in listed[done:]]
        self._used_at = time.monotonic()
        return outcomes

    def _talk(self, mails: list[Mail], deadline: float) -> tuple[list[Outcome], bool]:
        """Send mails until done, deadline or the end of the connection: outcomes of the first mails in order, and whether
        the connection is gone.

        A mail stands in one of three places: its envelope is under way, its body is `held` back to share a packet with
        the next envelope, or its body is `in_flight`. Only in the last can the loss of the connection mean `unknown`.
        """
        is_pipelined, eight_bit = "PIPELINING" in self._features, "8BITMIME" in self._features
        outcomes: list[Outcome] = []
        held: tuple[Mail, bytes] | None = None
        in_flight: Mail | None = None
        under_way: Mail | None = None

        def settle() -> None:
            nonlocal in_flight
            assert in_flight is not None
            outcomes.append(judge(in_flight, *self._reply()))
            in_flight = None

        try:
            for mail in mails:
                if time.monotonic() >= deadline or (outcomes and outcomes[-1].is_ours):
                    break
                before = b""
                if held:
                    (in_flight, before), held = held, None
                under_way = mail
                refused = self._envelope(mail, before, is_pipelined, settle if before else None)
                under_way = None
                if refused:
                    outcomes.append(refused)
                    continue
                body = as_bytes(mail, eight_bit=eight_bit) + b".\r\n"
                if is_pipelined:
                    held = (mail, body)
                elif time.monotonic() < deadline:
                    in_flight = mail
                    self._send(body)
                    settle()
                else:
                    held = (mail, body)
                    break
            if held and time.monotonic() < deadline and not (outcomes and outcomes[-1].is_ours):
                (in_flight, body), held = held, None
                self._send(body)
                settle()
            if held or (outcomes and outcomes[-1].is_ours):
                # DATA stands open and cannot be taken back: hanging up before the dot sends nothing.
                self._hang_up()
                if held:
                    outcomes.append(Outcome(held[0].message_id, MessageState.PLANNED))
                return outcomes, True
            return outcomes, False
        except OSError as error:
            self._hang_up()
            words = (str(error) or type(error).__name__)[:300]
            if in_flight is not None:
                outcomes.append(Outcome(in_flight.message_id, MessageState.UNKNOWN, Reason.ANSWER_LOST, words))
            elif under_way is not None or held:
                mail = held[0] if held else under_way  # type: ignore[assignment]
                outcomes.append(Outcome(mail.message_id, MessageState.DEFERRED, Reason.CONNECTION, words))
            return outcomes, True

    def _envelope(self, mail: Mail, before: bytes, is_pipelined: bool, settle: Callable[[], None] | None) -> Outcome | None:
        """Announce a mail; an outcome when the server does not take it. `before` is the body of the mail before it."""
        commands = [f"MAIL FROM:<{mail.sender}>\r\n", f"RCPT TO:<{mail.recipient}>\r\n", "DATA\r\n"]
        replies: list[tuple[int, str]] = []
        if is_pipelined:
            self._send(before + "".join(commands).encode())
            if settle:
                settle()
            replies = [self._reply() for _ in commands]
        else:
            for command in commands:
                self._send(command.encode())
                replies.append(self._reply())
                if replies[-1][0] >= 400:
                    break
        if replies[-1][0] == 354 and all(code < 400 for code, _ in replies):
            return None
        if replies[-1][0] == 354:
            self._send(b".\r\n")  # the server opened DATA though it took no recipient: an empty end, refused or ignored
            self._reply()
        wrong = next(number for number, (code, _) in enumerate(replies) if code >= 400 or number == len(replies) - 1)
        outcome = judge(mail, *replies[wrong])
        if wrong == 0 and replies[0][0] >= 500:
            outcome = replace(outcome, state=MessageState.DEFERRED, reason=Reason.REJECTED, is_ours=True)
        if outcome.state == MessageState.SENT:
            outcome = replace(outcome, state=MessageState.DEFERRED, reason=Reason.TRY_LATER)
        if not is_pipelined or replies[-1][0] != 354:
            self._send(b"RSET\r\n")
            self._reply()
        return outcome
