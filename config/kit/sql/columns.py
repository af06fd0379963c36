"""Names and values of columns as the engines want them."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, models


def column_of(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return str(field.column)


def quoted(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def for_sqlite(value: Any) -> Any:
    """A plain value as Django stores it in SQLite; asking each field for it costs five times as much."""
    kind = type(value)
    if kind is datetime:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    if kind is dict or kind is list:
        return json.dumps(value)
    if kind is UUID:
        return value.hex
    return value.isoformat() if kind is date else value


def copy_type(field: Any) -> str:
    kind = field.db_type(connection).split("(")[0]
    return COPY_TYPES.get(kind, kind)


COPY_TYPES = {
    "bigint": "int8", "integer": "int4", "smallint": "int2", "varchar": "text", "timestamp with time zone": "timestamptz",
    "boolean": "bool", "double precision": "float8",
}  # fmt: skip
