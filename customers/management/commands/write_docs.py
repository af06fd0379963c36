"""Write the documentation that follows from the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from customers.ports import event_types
from customers.rules import event_docs


class Command(BaseCommand):
    help = "Write docs/events.md from the event catalogue."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "events.md"
        path.write_text(event_docs.markdown(event_types.all()))
        self.stdout.write(f"wrote {path.name}: {len(event_types.all())} events")
