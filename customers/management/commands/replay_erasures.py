"""`manage.py replay_erasures`: after a backup was restored, erase again who was erased since the backup was made."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.kit.clock import now
from customers.privacy.actions import erase


class Command(BaseCommand):
    help = "After a backup was restored: erase again everybody in the erasure log, and block their addresses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--log", type=Path, help="the log kept beside the backups (default: erasures.jsonl in DATA_DIR)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["log"]
        if path and not path.is_file():
            self.stderr.write(f"There is no file {path}.")
            raise SystemExit(2)
        for what, count in erase.replay(at=now(), path=path).items():
            self.stdout.write(f"{what}: {count}")
