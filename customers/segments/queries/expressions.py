"""The few expressions that Django has no word for; every value travels as a parameter."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import BooleanField, CharField, Expression, FloatField, Func, IntegerField

from customers.segments.rules import buckets

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$"


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
    """The text of a top-level key of a JSON column; NULL for a missing key, null, a list or an object."""

    output_field = CharField()

    def __init__(self, column: Any, key: str = "", **extra: Any) -> None:
        super().__init__(column, **extra)
        self.key = key

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


class TextAsDay(Func):
    """A text that starts with an ISO date as those ten characters, else NULL; ISO dates sort like dates."""

    output_field = CharField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} REGEXP %s THEN substr({text}, 1, 10) END", [*params, DAY, *params]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        return f"CASE WHEN {text} ~ %s THEN substr({text}, 1, 10) END", [*params, DAY, *params]


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
