"""What the rules give and what is kept, as statements over a set of customers; the difference is what must change.

Every statement reads memberships of segments, so it is as exact on time as they are. `{among}` narrows a column to a range
of ids or to a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from config.kit import sql


@dataclass(frozen=True, slots=True)
class Those:
    """The customers to look at: ids after `low` up to `high`, or a list."""

    low: int = 0
    high: int = 0
    ids: Sequence[int] | None = None

    def among(self, column: str) -> tuple[str, list[Any]]:
        if self.ids is None:
            return f"{column} > %s AND {column} <= %s", [self.low, self.high]
        if sql.is_postgresql():
            return f"{column} = ANY(%s)", [list(self.ids)]
        return f"{column} IN (SELECT value FROM json_each(%s))", ["[" + ",".join(map(str, self.ids)) + "]"]


# The first active rule by position whose segment has the customer; nobody's rule leaves the stage empty.
STAGES = """
SELECT c.id, c.stage, COALESCE(r.stage, ''), COALESCE(g.version, 0)
FROM customers_customer c
LEFT JOIN (
    SELECT m.customer_id, MIN(u.position) AS place
    FROM customers_stagerule u JOIN customers_segmentmembership m ON m.segment_id = u.segment_id
    WHERE u.is_active AND {members} GROUP BY m.customer_id
) w ON w.customer_id = c.id
LEFT JOIN customers_stagerule r ON r.position = w.place
LEFT JOIN customers_segment g ON g.id = r.segment_id
WHERE {customers} AND c.stage <> COALESCE(r.stage, '')
ORDER BY c.id
"""
MISSING = """
SELECT m.customer_id, p.id, m.entered_at
FROM customers_persona p JOIN customers_segmentmembership m ON m.segment_id = p.segment_id
WHERE {members} AND NOT EXISTS (
    SELECT 1 FROM customers_customerpersona k WHERE k.customer_id = m.customer_id AND k.persona_id = p.id)
ORDER BY m.customer_id, p.id
"""
EXTRA = """
SELECT k.id, k.customer_id
FROM customers_customerpersona k JOIN customers_persona p ON p.id = k.persona_id
WHERE {kept} AND NOT EXISTS (
    SELECT 1 FROM customers_segmentmembership m WHERE m.segment_id = p.segment_id AND m.customer_id = k.customer_id)
"""
# The profile names the first persona by position. A value that the rules did not write stays until a persona fits.
NAMES = """
SELECT c.id,
       CASE WHEN p.name IS NOT NULL THEN p.name
            WHEN c.persona = COALESCE(s.ruled_persona, '') THEN '' ELSE c.persona END,
       COALESCE(p.name, ''), c.persona
FROM customers_customer c
LEFT JOIN (
    SELECT k.customer_id, MIN(q.position) AS place
    FROM customers_customerpersona k JOIN customers_persona q ON q.id = k.persona_id
    WHERE {kept} GROUP BY k.customer_id
) w ON w.customer_id = c.id
LEFT JOIN customers_persona p ON p.position = w.place
LEFT JOIN customers_customerstanding s ON s.customer_id = c.id
WHERE {customers} AND (COALESCE(s.ruled_persona, '') <> COALESCE(p.name, '')
                       OR (p.name IS NOT NULL AND c.persona <> p.name)
                       OR (COALESCE(s.all_personas, '') = '') <> (p.name IS NULL))
ORDER BY c.id
"""


def rows(statement: str, those: Those) -> list[tuple[Any, ...]]:
    """Run one of the statements for these customers."""
    params: list[Any] = []
    parts: dict[str, str] = {}
    for name, column in sorted(COLUMNS.items(), key=lambda item: statement.find("{" + item[0] + "}")):
        if "{" + name + "}" in statement:
            parts[name], values = those.among(column)
            params += values
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**parts), params)
        return list(cursor.fetchall())


COLUMNS = {"members": "m.customer_id", "customers": "c.id", "kept": "k.customer_id"}


def drifted(those: Those) -> list[int]:
    """Customers whose stage or personas are not what the rules give, by four reads without a lock."""
    found = {row[0] for row in rows(STAGES, those)}
    found.update(row[0] for row in rows(MISSING, those))
    found.update(row[1] for row in rows(EXTRA, those))
    found.update(row[0] for row in rows(NAMES, those))
    return sorted(found)
