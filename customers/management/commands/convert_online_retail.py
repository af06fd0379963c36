"""Make the shipped sample files again from the Online Retail data set."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from customers.sample import convert

TARGET = Path(convert.__file__).parent / "data"


class Command(BaseCommand):
    help = "Convert online_retail.csv.gz (UCI Online Retail, CC0) into the sample company's import files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="online_retail.csv.gz")
        parser.add_argument("--target", type=Path, default=TARGET)

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in convert.convert(options["source"], options["target"]).items():
            self.stdout.write(f"{name}: {count} rows")
