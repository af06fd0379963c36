"""Tables as files."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import StreamingHttpResponse

from customers.rules.cells import safe


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of plain values."""

    header: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class _Echo:
    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, int | float) else safe(str(value))


def as_csv(name: str, table: Table) -> StreamingHttpResponse:
    """A CSV file (UTF-8 with a mark, so that spreadsheet programs read it right) whose cells are never formulas."""
    writer = csv.writer(_Echo())
    rows: Iterable[Any] = (table.header, *table.rows)
    lines = (writer.writerow([_cell(value) for value in row]) for row in rows)
    response = StreamingHttpResponse(("﻿" + line if index == 0 else line for index, line in enumerate(lines)),
                                     content_type="text/csv; charset=utf-8")  # fmt: skip
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
