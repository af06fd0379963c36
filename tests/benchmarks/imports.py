"""CU4: a file of customers in one pass beside bare COPY of the same rows into an equally indexed table, and its memory.

`IMPORT_ROWS` sets how many customers (100,000 by default; the goal is stated for 1,000,000).
"""

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction

from config.kit.clock import now
from customers.imports.actions import run as importing
from customers.models import Brand, Customer
from tests.benchmarks.harness import Report, alternate, rate

ROWS = int(os.environ.get("IMPORT_ROWS", "100000"))
COMPARED, BATCH = 50_000, importing.BATCH
HEADER = [
    "external_id", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "city", "currency",
    "plan", "acquisition_channel", "acquired_on", "born_on", "created_at", "Shoe size", "VIP",
]  # fmt: skip
FIRST = ["Alice", "Bob", "Carol", "Dieter", "Eva", "Finn", "Greta", "Hugo", "Iris", "Jonas", "Zoë", "Łukasz"]
LAST = ["Baker", "Müller", "Novak", "O'Neill", "Smith", "García", "Rossi", "Yılmaz", "Kowalski", "Jones"]
CITIES = [
    ("GB", "London", "Europe/London", "en"),
    ("DE", "Berlin", "Europe/Berlin", "de"),
    ("FR", "Lyon", "Europe/Paris", "fr"),
]
START = datetime(2020, 1, 1, tzinfo=UTC)


def write(path: Path, count: int, seed: str) -> None:
    """A file as a shop would export it: `count` different people."""
    dice = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(count):
            country, city, zone, language = dice.choice(CITIES)
            since = START + timedelta(minutes=dice.randrange(3_000_000))
            writer.writerow(
                [
                    f"{seed}-{n}", f"{seed}.{n}@example.com", f"+44207{dice.randrange(1_000_000, 9_999_999)}",
                    dice.choice(FIRST), dice.choice(LAST), language, zone, country, city, "GBP",
                    dice.choice(["free", "team", "pro"]), dice.choice(["search", "friend", "advert"]),
                    since.date().isoformat(), f"{dice.randrange(1940, 2005)}-07-02", since.isoformat(),
                    dice.randrange(36, 46), dice.choice(["yes", "no"]),
                ]
            )  # fmt: skip


def _ours(path: Path, number: int) -> float:
    write(path, COMPARED, f"a{number}")
    return rate(COMPARED, lambda: importing.run_file("customers", path, at=now(), batch_rows=BATCH))


def _limit(number: int) -> float:
    """The rows of the last file as the database holds them, one COPY and commit per batch."""
    names = [field.column for field in Customer._meta.concrete_fields if field.column != "id"]
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor, cursor.copy(
        f"COPY (SELECT {columns} FROM customers_customer WHERE external_id LIKE 'a{number}-%') TO STDOUT"
    ) as stream:  # fmt: skip
        lines = [bytes(part) for part in stream]
    batches = [b"".join(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH)]

    def copy() -> None:
        for batch in batches:
            with (
                transaction.atomic(),
                connection.cursor() as cursor,
                cursor.copy(f"COPY bench_customer ({columns}) FROM STDIN") as stream,
            ):
                stream.write(batch)

    return rate(len(lines), copy)


def run(report: Report) -> None:
    Brand.objects.update_or_create(pk=1, defaults={"currency": "GBP", "timezone": "Europe/London"})
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_customer (LIKE customers_customer INCLUDING ALL)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        ours, limit = alternate(lambda n: _ours(path, n), _limit, rounds=3)
        report.add(
            "import customers from CSV, batches of 5,000", ours, limit, unit="rows/s", goal="≥ 1/4 of COPY",
            passed=ours * 4 >= limit,
        )  # fmt: skip
        write(path, ROWS, "b")
        speed, peak = _alone(path)
        report.add(
            f"import {ROWS:,} customers in one pass", speed, None, unit="rows/s", goal="1M in 10 minutes",
            passed=speed * 600 >= 1_000_000,
        )  # fmt: skip
        report.add("memory of that import at its peak", peak, None, unit="MB", goal="< 300 MB", passed=peak < 300)


def _alone(path: Path) -> tuple[float, float]:
    """Import a file in a process of its own; rows per second and the peak of its memory in MB."""
    environment = os.environ | {"IMPORT_DATABASE": str(connection.settings_dict["NAME"])}
    start = "import django; django.setup(); from tests.benchmarks import imports; imports.alone()"
    command = [sys.executable, "-c", start, str(path)]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    return float(found[-2]), float(found[-1])


def alone() -> None:
    """What the process of its own does: import the file it is given, say how fast and how large it grew."""
    connection.settings_dict["NAME"] = os.environ["IMPORT_DATABASE"]
    speed = rate(ROWS, lambda: importing.run_file("customers", sys.argv[1], at=now(), batch_rows=BATCH))
    print(speed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
