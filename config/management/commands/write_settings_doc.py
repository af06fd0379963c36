"""Write docs/settings.md from the fields of `config.environment.Environment`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.environment import Environment

HEAD = """# Settings

Every setting comes from the environment (or a `.env` file beside `manage.py`). Without any of them Perennial runs as the
embedded default: SQLite, a broker in SQLite, a local outbox. A wrong value stops the start with one line per setting.
`manage.py write_settings_doc` writes this page.

| setting | default | meaning |
|---|---|---|
"""


class Command(BaseCommand):
    help = "Write docs/settings.md."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = []
        for name, field in Environment.model_fields.items():
            default = "`var`" if name == "data_dir" else f"`{field.default}`" if field.default != "" else "–"
            rows.append(f"| `{name.upper()}` | {default} | {field.description} |")
        path = settings.BASE_DIR / "docs" / "settings.md"
        path.write_text(HEAD + "\n".join(rows) + "\n")
        self.stdout.write(f"{len(rows)} settings written")
