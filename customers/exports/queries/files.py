"""Rows as CSV text for people's spreadsheet programs and for our own import."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from config.kit.money import exponent
from customers.rules import cells

LINES = 500


class _Lines:
    """Collects what `csv.writer` writes."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def write(self, text: str) -> None:
        self.kept.append(text)


def text_of(value: Any) -> str:
    """A value as a cell: times in ISO 8601, truth as yes and no, lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return cells.safe(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, dict | list):
        return cells.safe(json.dumps(value, ensure_ascii=False))
    return cells.safe(str(value))


def amount(minor: int | None, currency: str) -> str:
    """Minor units as a plain decimal in major units, as the import takes it; empty for None."""
    if minor is None:
        return ""
    return str(Decimal(minor).scaleb(-exponent(currency)))


def csv_text(rows: Iterable[Sequence[Any]], *, counted: Callable[[int], None] | None = None) -> Iterator[str]:
    """CSV with byte order mark, some hundred lines at a time; no cell of it can run as a formula.

    The first row is the header; `counted` hears how many rows behind it are written so far.
    """
    lines = _Lines()
    writer = csv.writer(lines)
    done = -1
    yield "\ufeff"
    for row in rows:
        writer.writerow([text_of(value) for value in row])
        done += 1
        if len(lines.kept) >= LINES:
            yield "".join(lines.kept)
            lines.kept.clear()
            if counted:
                counted(done)
    if counted:
        counted(max(done, 0))
    yield "".join(lines.kept)
