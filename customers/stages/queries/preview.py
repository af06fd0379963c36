"""What a set of rules would change, before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count

from customers.models import Customer

# Grain: one row per stage now and rule that would win. `{values}` are (segment, place) pairs.
MOVES = """
WITH wanted(segment_id, place) AS (VALUES {values}),
winning AS (
    SELECT m.customer_id, MIN(w.place) AS place
    FROM wanted w JOIN customers_segmentmembership m ON m.segment_id = w.segment_id GROUP BY m.customer_id
)
SELECT c.stage, COALESCE(w.place, 0), COUNT(*)
FROM customers_customer c LEFT JOIN winning w ON w.customer_id = c.id GROUP BY c.stage, COALESCE(w.place, 0)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One rule as staff want it; their order in a list is the order in which they are tried."""

    stage: str
    segment_id: int | None
    is_active: bool = True


@dataclass(slots=True)
class Preview:
    """`moves` counts customers by (stage now, stage then); an empty stage is none."""

    moves: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        return sum(count for (before, after), count in self.moves.items() if before != after)

    def now(self, stage: str) -> int:
        return sum(count for (before, _after), count in self.moves.items() if before == stage)

    def then(self, stage: str) -> int:
        return sum(count for (_before, after), count in self.moves.items() if after == stage)

    def rows(self) -> list[tuple[str, str, int]]:
        """The moves in the order of their size."""
        found = [(before, after, count) for (before, after), count in self.moves.items() if before != after]
        return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def moves(wanted: Sequence[Wanted]) -> Preview:
    """How many customers would stand where, by the memberships as they are now; one statement."""
    places = [(item.segment_id, place, item.stage) for place, item in enumerate(wanted, start=1)
              if item.is_active and item.segment_id]  # fmt: skip
    preview = Preview()
    if not places:
        for stage, count in _by_stage():
            preview.moves[stage, ""] = count
        return preview
    values = ", ".join(["(CAST(%s AS bigint), CAST(%s AS integer))"] * len(places))
    with connection.cursor() as cursor:
        cursor.execute(MOVES.format(values=values), [value for pk, place, _stage in places for value in (pk, place)])
        names = {place: stage for _pk, place, stage in places} | {0: ""}
        for before, place, count in cursor.fetchall():
            preview.moves[before, names[place]] = int(count)
    return preview


def _by_stage() -> list[tuple[str, int]]:
    return list(Customer.objects.order_by().values_list("stage").annotate(count=Count("pk")))
