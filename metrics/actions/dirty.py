"""Noting which past days have to be rolled up again."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from config.kit import sql
from metrics.enums import Family
from metrics.models import DirtyDay


def mark(days: Iterable[tuple[date, Family]], *, reason: str, at: datetime) -> None:
    """Note days whose truth changed; one row per day and family, however often it happens."""
    counted = Counter(days)
    sql.add_up(
        DirtyDay,
        key=["day", "family"],
        add=["marks"],
        replace=["reason", "marked_at"],
        rows=[(day, family.value, count, reason[:80], at) for (day, family), count in counted.items()],
    )


def clear(seen: Iterable[tuple[int, int]]) -> None:
    """Remove the rows that were processed, given as (id, marks): a mark that came meanwhile keeps its row."""
    for row_id, marks in seen:
        DirtyDay.objects.filter(id=row_id, marks=marks).delete()
