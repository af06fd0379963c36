"""Comparing what the timeline's subscribers keep with the truth, once a night; drift is corrected and reported."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from config.kit import sql
from customers.actions import heartbeat
from customers.models import CustomerFacts, EventAggregate, JobRun
from customers.subscribers import ACTIVE, PASSIVE

JOB = "customers.reconcile_facts"
SQL = Path(__file__).resolve().parent.parent / "sql"
CHUNK = 2000


def reconcile(*, period: str, at: datetime) -> dict[str, Any] | None:
    """Correct facts and event counts, once per `period`; returns the summary, None when the period was done before.

    A row is corrected only while it is as it was seen: each batch of events moves the counter, so a batch that commits
    meanwhile wins and the row waits for the next night.
    """
    with transaction.atomic():
        if not heartbeat.claim_period(JOB, period=period, at=at):
            return None
        summary = {"customers corrected": _facts(), "event counts corrected": _counts()}
        JobRun.objects.filter(job=JOB, period=period).update(summary=summary, finished_at=at)
    return summary


def _facts() -> int:
    corrected = 0
    for chunk in _rows("drifted_facts", is_seen=_is_seen()):
        known = [row for row in chunk if row[1] is not None]
        with connection.cursor() as cursor:
            cursor.executemany(
                'UPDATE "customers_customerfacts" SET "order_count" = %s, "revenue_minor" = %s, "refunded_minor" = %s, '
                '"first_order_at" = %s, "last_order_at" = %s, "event_count" = %s, "first_seen_at" = %s, '
                '"last_seen_at" = %s WHERE "customer_id" = %s AND "event_count" = %s',
                [(*row[2:], row[0], row[1]) for row in known],
            )
        names = [
            "order_count", "revenue_minor", "refunded_minor", "first_order_at", "last_order_at", "event_count",
            "first_seen_at",
            "last_seen_at",
        ]  # fmt: skip
        _insert(CustomerFacts, ["customer_id", *names], [(row[0], *row[2:]) for row in chunk if row[1] is None])
        corrected += len(chunk)
    return corrected


def _counts() -> int:
    corrected = 0
    for chunk in _rows("drifted_counts"):
        with connection.cursor() as cursor:
            cursor.executemany(
                'UPDATE "customers_eventaggregate" SET "count" = %s, "first_at" = %s, "last_at" = %s '
                'WHERE "customer_id" = %s AND "name" = %s AND "count" = %s',
                [(row[3], row[4], row[5], row[0], row[1], row[2]) for row in chunk if row[2] is not None],
            )
        missing = [(row[0], row[1], row[3], row[4], row[5]) for row in chunk if row[2] is None]
        _insert(EventAggregate, ["customer_id", "name", "count", "first_at", "last_at"], missing)
        corrected += len(chunk)
    return corrected


def _is_seen() -> str:
    """The condition under which an event counts as a visit; the names are constants of the code."""
    active = ", ".join(f"'{name}'" for name in sorted(ACTIVE))
    passive = " AND ".join(f"name NOT LIKE '{prefix}%'" for prefix in PASSIVE)
    return f"(({passive}) OR name IN ({active}))"


def _rows(name: str, **parts: str) -> Iterator[list[Any]]:
    statement = (SQL / f"{name}.sql").read_text()
    if parts:
        statement = statement.format(**parts)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _insert(model: Any, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    sql.insert_ignoring(model._meta.db_table, names, rows)
