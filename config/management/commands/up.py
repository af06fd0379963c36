"""One command that starts everything: `manage.py up` runs web, worker and scheduler and stops them together."""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config import roles, schedule, sqlitebroker

GRACE_SECONDS = 20
SIGN_IN = "marketer"


def _die_with_parent() -> None:
    """Linux only: the kernel stops this child when the launcher is gone, even after kill -9."""
    try:
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)
    except OSError:
        pass


class Command(BaseCommand):
    help = "Migrate, then start web, worker and scheduler; Ctrl-C stops all three."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sample", action="store_true", help="load the sample company into an empty database first")
        parser.add_argument("--port", type=int, default=urlsplit(settings.BASE_URL).port or 8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        address = self._address(options)
        os.environ["BASE_URL"] = address
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        roles.sync()
        if options["sample"]:
            call_command("load_sample", if_empty=True)
        password = self._first_sign_in()
        self._take_back_messages()
        children = [
            self._start("web", self._web_command(options)),
            self._start("worker", self._worker_command()),
            self._start("scheduler", [sys.executable, "-m", "celery", "-q", "-A", "config", "beat", "-l", "WARNING"]),
        ]
        self._watch(children, address, options, password)

    def _address(self, options: dict[str, Any]) -> str:
        """BASE_URL as it stands, or, for a local one, with the chosen port."""
        own = urlsplit(settings.BASE_URL)
        if own.hostname in ("127.0.0.1", "localhost"):
            return f"http://{own.hostname}:{options['port']}"
        return str(settings.BASE_URL)

    def _first_sign_in(self) -> str:
        """Make the first account when there is none; the password is shown, and kept in the data folder."""
        note = Path(settings.DATA_DIR) / "first-sign-in.txt"
        if User.objects.exists():
            return note.read_text().strip() if note.exists() else ""
        password = secrets.token_urlsafe(9)
        user = User.objects.create_superuser(SIGN_IN, "marketer@example.com", password)
        user.groups.set(Group.objects.filter(name="admin"))
        note.touch(mode=0o600)
        note.write_text(password)
        return password

    def _take_back_messages(self) -> None:
        if settings.CELERY_BROKER_URL.startswith("sqlitebroker"):
            sqlitebroker.recover(settings.CELERY_BROKER_TRANSPORT_OPTIONS["path"])

    def _web_command(self, options: dict[str, Any]) -> list[str]:
        memory = Path("/dev/shm")  # noqa: S108  # gunicorn's heartbeat files; a disk may stall them
        return [
            sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{options['host']}:{options['port']}",
            "--workers", "1", "--threads", "8", "--log-level", "warning",
            *(["--worker-tmp-dir", str(memory)] if memory.is_dir() else []),
        ]  # fmt: skip

    def _worker_command(self) -> list[str]:
        return [
            sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-q", "-A", "config", "worker",
            "--pool", "threads", "-c", "3", "-l", "WARNING",
            "-Q", ",".join(schedule.queues()), "--without-gossip", "--without-mingle", "--without-heartbeat",
        ]  # fmt: skip

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[str]:
        child = subprocess.Popen(  # our own commands
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=_die_with_parent, cwd=settings.BASE_DIR,
        )  # fmt: skip
        threading.Thread(target=self._relay, args=(name, child), daemon=True).start()
        child.name = name  # type: ignore[attr-defined]
        return child

    def _relay(self, name: str, child: subprocess.Popen[str]) -> None:
        for line in child.stdout or ():
            sys.stdout.write(f"{name:9} | {line}")
            sys.stdout.flush()

    def _watch(self, children: list[subprocess.Popen[str]], address: str, options: dict[str, Any], password: str) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        local = f"http://{options['host']}:{options['port']}/health/"
        announced, failed = False, ""
        while not stop.wait(0.3):
            gone = [child for child in children if child.poll() is not None]
            if gone:
                failed = f"{gone[0].name} stopped with exit code {gone[0].returncode}"  # type: ignore[attr-defined]
                break
            if not announced and self._answers(local):
                announced = True
                self._announce(address, password)
        self._stop(children)
        if failed:
            raise CommandError(failed)

    def _answers(self, url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:  # our own loop-back address
                return bool(response.status == 200)
        except OSError:
            return False

    def _announce(self, address: str, password: str) -> None:
        sign_in = f"user {SIGN_IN}, password {password}" if password else "with your account"
        self.stdout.write(self.style.SUCCESS(f"\n  Perennial is ready:  {address}/\n  Sign in:             {sign_in}"))
        self.stdout.write(f"  Admin:               {address}/admin/\n  Stop with Ctrl-C.\n")
        self.stdout.flush()

    def _stop(self, children: list[subprocess.Popen[str]]) -> None:
        for child in children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
        end = time.monotonic() + GRACE_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
