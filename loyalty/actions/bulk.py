"""Bulk statements of the ledger: ids ahead of the insert, rows by COPY."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from config.kit import sql

reserve_ids = sql.reserve_ids


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of plain values (aware datetimes, dates, numbers, texts, dicts) into columns named as in the table."""
    if rows:
        sql.insert_rows(model, columns, rows)
