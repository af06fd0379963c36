"""Front-end packages: serves the few files of `node_modules` that pages use, under `vendor/`, and nothing else."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage


class VendorFinder(BaseFinder):
    """Finds the files that `settings.VENDOR_FILES` names; a missing one is an error that says what to run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.root = Path(settings.BASE_DIR) / "node_modules"
        self.storage = FileSystemStorage(self.root)
        self.storage.prefix = "vendor"  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        missing = [name for name in settings.VENDOR_FILES if not (self.root / name).exists()]
        return [Error(f"Front-end file {name} is missing.", hint="Run: make setup", id="config.E001") for name in missing]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix("vendor/")
        known = path.startswith("vendor/") and name in settings.VENDOR_FILES and (self.root / name).exists()
        found = str(self.root / name) if known else None
        if find_all:
            return [found] if found else []
        return found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        for name in settings.VENDOR_FILES:
            if (self.root / name).exists():
                yield name, self.storage
