"""Customers whom a text or a file names, found in sets: words go into a temporary table and are joined with everybody.

The temporary tables live as long as the connection and are emptied before each use; a million words take 64 MB there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection

from config.kit import sql
from customers.segments.queries.leaves import Sql
from customers.segments.rules.list_columns import EMAIL, EXTERNAL, ID, PHONE

WORDS, NAMED, CHOSEN = "list_words", "list_named", "list_chosen"
CHUNK = 20_000
Word = tuple[int, str, str]
# One SELECT (kind, word, cid) per way to name somebody; a number is joined as a number, by the key.
FIND = {
    EMAIL: "SELECT w.kind, w.word, c.id FROM {words} w JOIN customers_customer c ON c.email = w.word AND w.kind = 'email'",
    PHONE: "SELECT w.kind, w.word, c.id FROM {words} w JOIN customers_customer c ON c.phone = w.word AND w.kind = 'phone'",
    EXTERNAL: (
        "SELECT w.kind, w.word, c.id FROM {words} w JOIN customers_customer c ON c.external_id = w.word "
        "WHERE w.kind = 'external' UNION SELECT w.kind, w.word, i.customer_id FROM {words} w "
        "JOIN customers_identity i ON i.kind = 'external' AND i.value = w.word WHERE w.kind = 'external'"
    ),
    ID: "SELECT w.kind, w.word, c.id FROM {words} w JOIN customers_customer c ON c.id = w.number WHERE w.kind = 'id'",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the words that were read: different ones, those nobody goes by, those of several customers, and the customers."""

    words: int = 0
    unknown: int = 0
    shared: int = 0
    customers: int = 0


def load(words: Iterable[Word]) -> Iterator[int]:
    """Fill the table of words with (line, kind, word); yields how many are in after each chunk. Exhaust it."""
    with connection.cursor() as cursor:
        _fresh(cursor, WORDS, "line INTEGER, kind VARCHAR(8), word VARCHAR(254), number BIGINT")
        rest, total = iter(words), 0
        while chunk := list(islice(rest, CHUNK)):
            rows = [(line, kind, word, _number(kind, word)) for line, kind, word in chunk]
            sql.insert(WORDS, ("line", "kind", "word", "number"), rows)
            total += len(rows)
            yield total


def _number(kind: str, word: str) -> int | None:
    return int(word) if kind == ID and word.isascii() and word.isdigit() else None


def find() -> None:
    """Look everybody up whom the words name."""
    with connection.cursor() as cursor:
        _fresh(cursor, NAMED, "kind VARCHAR(8), word VARCHAR(254), cid BIGINT")
        if sql.is_postgresql():
            cursor.execute(f'ANALYZE "{WORDS}"')
        for select in FIND.values():
            cursor.execute(f'INSERT INTO "{NAMED}" SELECT DISTINCT * FROM ({select.format(words=WORDS)}) found')
        if sql.is_postgresql():
            cursor.execute(f'ANALYZE "{NAMED}"')


def choose(*, takes_shared: bool) -> Counts:
    """Choose the customers: of a word that several go by all of them, or nobody."""
    with connection.cursor() as cursor:
        _fresh(cursor, CHOSEN, "cid BIGINT")
        shared = f'SELECT kind, word FROM "{NAMED}" GROUP BY kind, word HAVING COUNT(*) > 1'
        only = "" if takes_shared else f"WHERE (kind, word) NOT IN ({shared})"
        cursor.execute(f'INSERT INTO "{CHOSEN}" SELECT DISTINCT cid FROM "{NAMED}" {only}')
        customers = max(cursor.rowcount, 0)
        if sql.is_postgresql():
            cursor.execute(f'ANALYZE "{CHOSEN}"')
        cursor.execute(f'SELECT COUNT(*) FROM (SELECT DISTINCT kind, word FROM "{WORDS}") d')
        words = cursor.fetchone()[0]
        cursor.execute(f"SELECT COUNT(*) FROM ({shared}) s")
        several = cursor.fetchone()[0]
        cursor.execute(f'SELECT COUNT(*) FROM (SELECT DISTINCT kind, word FROM "{NAMED}") d')
        return Counts(words, words - cursor.fetchone()[0], several, customers)


def problems() -> Iterator[tuple[int, str, str, int]]:
    """(first line, kind, word, number of customers) of each word that names nobody or several, by line."""
    counted = f'SELECT kind, word, COUNT(*) AS people FROM "{NAMED}" GROUP BY kind, word'
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT MIN(w.line), w.kind, w.word, COALESCE(MAX(n.people), 0) FROM "{WORDS}" w '
            f"LEFT JOIN ({counted}) n ON n.kind = w.kind AND n.word = w.word "
            "WHERE n.people IS NULL OR n.people > 1 GROUP BY w.kind, w.word ORDER BY 1"
        )
        while rows := cursor.fetchmany(5000):
            yield from rows


def difference(segment_id: int, mode: str) -> Sql:
    """What the chosen customers change on a list, as rows (cid, entered)."""
    member = "SELECT 1 FROM customers_segmentmembership m WHERE m.segment_id = %s AND m.customer_id = f.cid"
    chosen = f'SELECT 1 FROM "{CHOSEN}" f WHERE f.cid = m.customer_id'
    yes, no = ("TRUE", "FALSE") if sql.is_postgresql() else ("1", "0")
    enters = f'SELECT f.cid AS cid, {yes} AS entered FROM "{CHOSEN}" f WHERE NOT EXISTS ({member})'
    leaves = f'SELECT f.cid AS cid, {no} AS entered FROM "{CHOSEN}" f WHERE EXISTS ({member})'
    others = (
        f"SELECT m.customer_id AS cid, {no} AS entered FROM customers_segmentmembership m "
        f"WHERE m.segment_id = %s AND NOT EXISTS ({chosen})"
    )
    if mode == "add":
        return Sql(enters, (segment_id,))
    if mode == "remove":
        return Sql(leaves, (segment_id,))
    return Sql(f"{enters} UNION ALL {others}", (segment_id, segment_id))


def sizes(found: Sql) -> tuple[int, int]:
    """How many enter and how many leave by a difference."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE(SUM(CASE WHEN d.entered THEN 1 ELSE 0 END), 0), "
            f"COALESCE(SUM(CASE WHEN d.entered THEN 0 ELSE 1 END), 0) FROM ({found.text}) d",
            list(found.params),
        )
        entering, leaving = cursor.fetchone()
        return int(entering), int(leaving)


def _fresh(cursor: Any, table: str, columns: str) -> None:
    cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{table}" ({columns})')
    cursor.execute(f'DELETE FROM "{table}"')
