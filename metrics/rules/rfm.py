"""Names for the cells of the recency x frequency grid.

Scores are quintiles from 1 to 5, 5 is best. The names follow the common reading of the grid (Hughes, "Strategic Database
Marketing"): recent and frequent buyers are champions, frequent ones who stay away are at risk, and so on.
"""

from metrics.enums import RfmClass

C = RfmClass
# Rows: recency 5 (bought lately) to 1; columns: frequency 1 to 5.
GRID: dict[int, tuple[RfmClass, RfmClass, RfmClass, RfmClass, RfmClass]] = {
    5: (C.NEW, C.PROMISING, C.LOYAL, C.CHAMPIONS, C.CHAMPIONS),
    4: (C.NEW, C.PROMISING, C.LOYAL, C.CHAMPIONS, C.CHAMPIONS),
    3: (C.NEEDS_ATTENTION, C.NEEDS_ATTENTION, C.LOYAL, C.LOYAL, C.LOYAL),
    2: (C.HIBERNATING, C.HIBERNATING, C.AT_RISK, C.AT_RISK, C.AT_RISK),
    1: (C.LOST, C.LOST, C.AT_RISK, C.AT_RISK, C.AT_RISK),
}


def rfm_class(r: int, f: int) -> RfmClass:
    """The group of a customer with these recency and frequency scores."""
    return GRID[r][f - 1]


def sql_case() -> str:
    """The same grid as an SQL CASE over the columns r and f, for the statement that scores everybody."""
    whens = " ".join(f"WHEN {r * 10 + f} THEN '{rfm_class(r, f).value}'" for r in GRID for f in range(1, 6))
    return f"CASE r * 10 + f {whens} END"
