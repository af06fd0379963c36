"""The few expressions that Django has no word for; every value travels as a parameter."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Expression,
    FloatField,
    Func,
    IntegerField,
)

from customers.segments.rules import buckets

# Python (SQLite) and PostgreSQL read these alike; \Z is the end, where $ would let Python accept a line break.
DAY = r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
MOMENT = DAY + TIME + r"([Zz]|[+-](0[0-9]|1[0-4]):?[0-5][0-9])\Z"
NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,9})?\Z"


class IsNotTrue(Func):
    """False or unknown: the two-valued NOT, so that customers without a value are never lost."""

    output_field = BooleanField()
    conditional = True

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        try:
            sql, params = compiler.compile(self.source_expressions[0])
        except EmptyResultSet:
            return "1 = 1", []
        except FullResultSet:
            return "1 = 0", []
        return f"({sql}) IS NOT TRUE", list(params)


class IdIn(Func):
    """The column is one of these ids: one array parameter, however many there are."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: Any, ids: Sequence[int] = (), **extra: Any) -> None:
        super().__init__(column, **extra)
        self.ids = list(ids)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(self.ids)]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s::bigint[])", [*params, self.ids]


class JsonText(Func):
    """The text of a top-level key of a JSON column; NULL for a missing key, null, a list or an object.

    `is_scalar`: what is asked of the text is never true of one that begins like a list or an object, so PostgreSQL need
    not look at the type (which takes longer than the text itself).
    """

    output_field = CharField()

    def __init__(self, column: Any, key: str = "", *, is_scalar: bool = False, **extra: Any) -> None:
        super().__init__(column, **extra)
        self.key, self.is_scalar = key, is_scalar

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        path = f'$."{self.key}"'
        sql = (
            f"CASE json_type({column}, %s) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"WHEN 'null' THEN NULL WHEN 'array' THEN NULL WHEN 'object' THEN NULL "
            f"ELSE CAST(json_extract({column}, %s) AS TEXT) END"
        )
        return sql, [*params, path, *params, path]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        if self.is_scalar:
            return f"({column} ->> %s)", [*params, self.key]
        sql = f"CASE WHEN jsonb_typeof({column} -> %s) IN ('string', 'number', 'boolean') THEN {column} ->> %s END"
        return sql, [*params, self.key, *params, self.key]


class TextAsNumber(Func):
    """A text that is a plain number as a number, else NULL."""

    output_field = FloatField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} REGEXP %s THEN CAST({text} AS REAL) END", [*params, NUMBER, *params]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} ~ %s THEN ({text})::double precision END", [*params, NUMBER, *params]


class TextAsDecimal(Func):
    """A text that is a plain number: exact decimals on PostgreSQL, the same text on SQLite; else NULL."""

    output_field = CharField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} REGEXP %s THEN {text} END", [*params, NUMBER, *params]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} ~ %s THEN ({text})::numeric END", [*params, NUMBER, *params]


class TextAsDay(Func):
    """A text that starts with a day of the calendar, as those ten characters, else NULL; ISO dates sort like dates.

    `is_whole`: nothing may follow the day.
    """

    output_field = CharField()

    def __init__(self, text: Any, *, is_whole: bool = False, **extra: Any) -> None:
        super().__init__(text, **extra)
        self.pattern = DAY + (r"\Z" if is_whole else "")

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        text, params = compiler.compile(self.source_expressions[0])
        sql = f"CASE WHEN {text} REGEXP %s AND {_exists_sqlite(text)} THEN substr({text}, 1, 10) END"
        return sql, [*params, self.pattern, *params, *params, *params]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        sql = f"CASE WHEN {text} ~ %s THEN CASE WHEN {_exists_postgresql(text)} THEN substr({text}, 1, 10) END END"
        return sql, [*params, self.pattern, *params * 5]


def _exists_sqlite(text: str) -> str:
    """Whether the month has such a day: with a shift (of nothing) SQLite moves 30 February on to March. Takes it twice."""
    return f"strftime('%%d', substr({text}, 1, 10), '+0 days') = substr({text}, 9, 2)"


def _exists_postgresql(text: str) -> str:
    """The same by counting from the first of the month, because a cast would be an error. Takes the text four times."""
    first = f"(substr({text}, 1, 8) || '01')::date"
    day = f"substr({text}, 9, 2)"
    return f"({day} <= '28' OR EXTRACT(DAY FROM {first} + ({day}::int - 1)) = {day}::int)"


class TextAsMoment(Func):
    """A text that is an ISO date-time with its offset (or Z), as a moment of the database, else NULL.

    The text is named `v` once, in a sub-select, because it takes many looks at it.
    """

    output_field = DateTimeField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        text, params = compiler.compile(self.source_expressions[0])
        zone = (
            "CASE WHEN v LIKE '%%Z' THEN 'Z' WHEN substr(v, -3, 1) = ':' THEN substr(v, -6) "
            "ELSE substr(v, -5, 3) || ':' || substr(v, -2) END"
        )
        seconds = "CASE WHEN substr(v, 17, 1) = ':' THEN substr(v, 17, 3) ELSE ':00' END"
        whole = f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', substr(v, 1, 16) || {seconds} || {zone})"
        digits = "length(substr(v, 21)) - length(ltrim(substr(v, 21), '0123456789'))"
        micros = f"substr(substr(v, 21, {digits}) || '000000', 1, 6)"  # as many zeros as Django stores
        fraction = f"CASE WHEN substr(v, 20, 1) <> '.' OR {micros} = '000000' THEN '' ELSE '.' || {micros} END"
        sql = f"CASE WHEN v REGEXP %s AND {_exists_sqlite('v')} THEN {whole} || {fraction} END"
        return f"(SELECT {sql} FROM (SELECT {text} AS v) t)", [MOMENT, *params]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        cut = r"regexp_replace(v, '(\.[0-9]{6})[0-9]+', '\1')::timestamptz"  # the cast would round
        sql = f"CASE WHEN v ~ %s THEN CASE WHEN {_exists_postgresql('v')} THEN {cut} END END"
        return f"(SELECT {sql} FROM (SELECT {text} AS v) t)", [MOMENT, *params]


class Instant(Func):
    """Microseconds since 1970 of a moment as SQLite stores it; its seconds are cut off, for strftime would round them."""

    output_field = BigIntegerField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        sql = (
            f"(CAST(strftime('%%s', substr({column}, 1, 19)) AS INTEGER) * 1000000 + "
            f"CAST(substr(substr({column}, 21) || '000000', 1, 6) AS INTEGER))"
        )
        return sql, [*params, *params]


class Share(Func):
    """The bucket of an id, as `rules.buckets.bucket` computes it."""

    output_field = IntegerField()

    def __init__(self, column: Any, salt: str = "", **extra: Any) -> None:
        super().__init__(column, **extra)
        self.salt = salt

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        a, b, c = buckets.constants(self.salt)
        prime = buckets.PRIME
        first = f"(({column} %% {prime} * {a} + {b}) %% {prime})"
        return f"(({first} * {first} %% {prime} + {c}) %% {prime} %% {buckets.BUCKETS})", [*params, *params]


class InSet(Expression):
    """A column is in a set of ids that the compiler made: `column IN (sql)`."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: Any, sql: str, params: Sequence[Any]) -> None:
        super().__init__()
        self.column, self.sql, self.params = column, sql, tuple(params)

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        (self.column,) = exprs

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        column, params = compiler.compile(self.column)
        return f"{column} IN ({self.sql})", [*params, *self.params]
