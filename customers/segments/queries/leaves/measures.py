"""Figures of rows per customer, compared exactly: sums and averages of decimals are never rounded.

`rows` is a SELECT of `cid` and a value `v` per row; rows whose `v` is NULL do not count. An average is compared by
subtracting value x count from the sum, so that no division takes part.
"""

from decimal import Decimal
from typing import Any

from config.kit import sql
from customers.segments.queries.leaves.sets import EMPTY, Part, Sql
from customers.segments.rules.operators import OPPOSITES, ZERO_MEASURES
from customers.segments.rules.tree import Test

SIGNS = {"at_least": ">=", "at_most": "<=", "more": ">", "less": "<", "is": "=", "is_not": "<>"}
INVERSE = {"at_least": "less", "less": "at_least", "at_most": "more", "more": "at_most", "is": "is_not", "is_not": "is"}
BILLION = 10**9
# A decimal text in SQLite as two whole numbers: what stands before the point, and the billionths behind it.
WHOLE = "CAST(m.v AS INTEGER)"
BILLIONTHS = (
    "CASE WHEN instr(m.v, '.') = 0 THEN 0 ELSE CAST(CASE WHEN substr(m.v, 1, 1) = '-' THEN '-' ELSE '' END || "
    "substr(substr(m.v, instr(m.v, '.') + 1) || '000000000', 1, 9) AS INTEGER) END"
)
PLAIN = {"min": "MIN(m.v)", "max": "MAX(m.v)", "distinct": "COUNT(DISTINCT m.v)"}
DECIMAL = {"min": "MIN(CAST(m.v AS REAL))", "max": "MAX(CAST(m.v AS REAL))"}


def holds_at(value: float, test: Test) -> bool:
    """The truth of a test on numbers for one value."""
    if test.op in ("empty", "not_empty"):
        return test.op == "not_empty"
    if test.op == "between":
        return bool(test.value[0] <= value <= test.value[1])
    return {
        "at_least": value >= test.value, "at_most": value <= test.value, "more": value > test.value,
        "less": value < test.value, "is": value == test.value, "is_not": value != test.value,
    }[test.op]  # fmt: skip


def measured(rows: Sql, measure: str, test: Test, *, is_text: bool = False) -> Part:
    """Those whose figure passes the test. `is_text`: on SQLite `v` is a decimal as text.

    Where a customer without rows has the value 0 and passes, the set is everybody but those who fail.
    """
    if measure in ZERO_MEASURES:
        holds = holds_at(0, test)
        if test.op in ("empty", "not_empty"):
            return Part(EMPTY, holds)
        return Part(_having(rows, *_condition(measure, test, is_text, inverted=holds)), holds)
    positive = OPPOSITES.get(test.op, test.op)
    asked = Test(test.type, positive, test.value)
    condition = ("COUNT(m.v) > 0", ()) if positive == "not_empty" else _condition(measure, asked, is_text)
    return Part(_having(rows, *condition), positive != test.op)


def _having(rows: Sql, condition: str, params: tuple[Any, ...]) -> Sql:
    text = f"SELECT m.cid FROM ({rows.text}) m WHERE m.v IS NOT NULL GROUP BY m.cid HAVING {condition}"
    return Sql(text, rows.params + params)


def _condition(measure: str, test: Test, is_text: bool, *, inverted: bool = False) -> tuple[str, tuple[Any, ...]]:
    if test.op != "between":
        return _compared(measure, INVERSE[test.op] if inverted else test.op, test.value, is_text)
    ops, word = (("less", "more"), "OR") if inverted else (("at_least", "at_most"), "AND")
    low, high = (_compared(measure, op, value, is_text) for op, value in zip(ops, test.value, strict=True))
    return f"({low[0]} {word} {high[0]})", low[1] + high[1]


def _compared(measure: str, op: str, value: float, is_text: bool) -> tuple[str, tuple[Any, ...]]:
    sign = SIGNS[op]
    if measure not in ("sum", "avg"):
        names = {**PLAIN, **DECIMAL} if is_text and not sql.is_postgresql() else PLAIN
        return f"{names[measure]} {sign} {'%s::numeric' if sql.is_postgresql() else '%s'}", (value,)
    times = "COUNT(m.v)" if measure == "avg" else "1"
    if sql.is_postgresql():
        return f"SUM(m.v) {sign} %s::numeric * {times}", (str(Decimal(str(value))),)
    if not is_text:
        return f"SUM(m.v) {sign} %s * {times}", (value,)
    exact = Decimal(str(value))
    whole = int(exact)
    billionths = int((exact - whole) * BILLION)
    ones, rest = f"(SUM({WHOLE}) - %s * {times})", f"(SUM({BILLIONTHS}) - %s * {times})"
    # twice the whole part of the difference and the sign of what is left: an integer with the sign of the difference
    left = f"({rest} %% {BILLION})"
    text = f"2 * ({ones} + {rest} / {BILLION}) + ({left} > 0) - ({left} < 0) {sign} 0"
    return text, (whole, billionths, billionths, billionths)
