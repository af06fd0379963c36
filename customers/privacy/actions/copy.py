"""A copy of everything that is held about a person: one ZIP with a page to read, and each table as JSON and CSV."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from customers.models import Customer
from customers.ports import personal_data
from customers.queries import brand
from customers.rules import cells


def build(customer: Customer, file: IO[bytes], *, at: datetime) -> dict[str, int]:
    """Write the ZIP; returns the number of rows by table. Memory stays flat: rows pass one by one."""
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for policy in personal_data.all():
            for table, rows in policy.export(customer.pk).items():
                name = f"{policy.key}/{table}"
                counts[name] = _table(archive, name, rows)
        context = {"customer": customer, "counts": sorted(counts.items()), "at": at, "brand": brand.current()}
        archive.writestr("README.html", render_to_string("customers/privacy/copy_readme.html", context))
    return counts


def _table(archive: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> int:
    """Each row goes to the JSON in the archive and to a CSV beside it, which is added when it is whole."""
    count = 0
    encoder = DjangoJSONEncoder(ensure_ascii=False)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        with archive.open(f"{name}.json", "w", force_zip64=True) as entry:
            entry.write(b"[")
            for row in rows:
                if not count:
                    table.write("\ufeff")
                    writer.writerow([cells.safe(column) for column in row])
                entry.write((",\n" if count else "\n").encode() + encoder.encode(row).encode())
                writer.writerow([_cell(value) for value in row.values()])
                count += 1
            entry.write(b"\n]\n")
        if count:
            table.seek(0)
            with archive.open(f"{name}.csv", "w", force_zip64=True) as entry, io.TextIOWrapper(entry, "utf-8") as text:
                while piece := table.read(1 << 16):
                    text.write(piece)
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return cells.safe(json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder))
    return cells.safe(str(value))
