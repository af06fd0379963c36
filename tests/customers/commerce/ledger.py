"""The golden ledger of June: eight customers, every kind of movement, figures worked out by hand."""

from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, uuid5

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
# customer -> (day, status, MRR)
HISTORY = {
    "A": [("2026-01-05", "active", 100)],
    "B": [("2026-01-05", "active", 100), ("2026-06-12", "active", 150)],
    "C": [("2026-01-05", "active", 200), ("2026-06-08", "active", 120)],
    "D": [("2026-02-05", "active", 100), ("2026-06-15", "ended", 100)],
    "E": [("2026-03-05", "active", 100), ("2026-06-10", "ended", 100), ("2026-06-20", "active", 100)],
    "F": [("2026-06-03", "active", 80)],
    "G": [("2026-06-05", "active", 60), ("2026-06-25", "ended", 60)],
    "H": [("2026-01-05", "active", 70), ("2026-04-10", "ended", 70), ("2026-06-18", "active", 90)],
}
MOVES = {"new": 140, "expansion": 50, "reactivation": 190, "contraction": 80, "churn": 260}
START = {"A": 100, "B": 100, "C": 200, "D": 100, "E": 100}
END = {"A": 100, "B": 150, "C": 120, "E": 100, "F": 80, "H": 90}


def moment(day):
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def key(*parts):
    return uuid5(NAMESPACE_URL, ":".join(str(part) for part in parts))
