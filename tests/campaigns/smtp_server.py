"""A small SMTP server for tests that misbehaves on demand, and notes each mail before it answers for it."""

import socket
import threading


class SmtpServer:
    """Serves until closed. `on_rcpt(address)`, `on_data(number)` may return a reply, or "drop" to hang up there.

    `on_body(number, raw)` is asked after the final dot; the mail is noted first, as a server that queued it would.
    """

    def __init__(self, *, features=("PIPELINING", "8BITMIME"), on_mail=None, on_rcpt=None, on_body=None, drop_in_body=None,
                 auth=None, greeting=b"220 test\r\n"):  # fmt: skip
        self.features, self.on_mail, self.on_rcpt, self.on_body = features, on_mail, on_rcpt, on_body
        self.drop_in_body, self.auth, self.greeting = drop_in_body, auth, greeting
        self.mails, self.connections, self.commands = [], 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:

            def say(text):
                connection.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")

            try:
                say(self.greeting)
                recipients = []
                for line in lines:
                    command = line.decode("utf-8", "replace").strip()
                    verb = command.upper()[:4]
                    self.commands.append(command)
                    if verb == "EHLO":
                        listed = ["test", *self.features, *([f"AUTH {self.auth}"] if self.auth else [])]
                        say("\r\n".join(f"250{'-' if n < len(listed) - 1 else ' '}{f}" for n, f in enumerate(listed)))
                    elif verb == "AUTH":
                        say("535 5.7.8 no" if self.auth == "PLAIN" else "235 ok")
                    elif verb == "MAIL":
                        recipients = []
                        say((self.on_mail and self.on_mail(command)) or "250 2.1.0 ok")
                    elif verb == "RCPT":
                        address = command[command.index("<") + 1 : command.index(">")]
                        reply = (self.on_rcpt and self.on_rcpt(address)) or "250 2.1.5 ok"
                        if reply == "drop":
                            return
                        if reply.startswith("2"):
                            recipients.append(address)
                        say(reply)
                    elif verb == "DATA":
                        if not recipients:
                            say("554 5.5.1 no valid recipients")
                            continue
                        say("354 go")
                        raw = self._body(lines)
                        if raw is None:
                            return
                        self.mails.append((recipients[0], raw))
                        reply = (
                            self.on_body and self.on_body(len(self.mails), raw)
                        ) or f"250 2.0.0 queued as Q{len(self.mails)}"
                        if reply == "drop":
                            return
                        if not reply.startswith("2"):
                            self.mails.pop()
                        say(reply)
                    elif verb == "QUIT":
                        say("221 bye")
                        return
                    else:
                        say("250 ok")
            except OSError:
                return

    def _body(self, lines):
        raw = b""
        for line in lines:
            if line == b".\r\n":
                return raw
            raw += line[1:] if line.startswith(b"..") else line
            if self.drop_in_body and len(self.mails) + 1 == self.drop_in_body:
                return None
        return None
