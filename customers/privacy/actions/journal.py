"""Remembering what a merge changes, row by row, and putting it back.

Before and after the merge the rows of both customers are looked at; the difference is kept as JSON:

    {"moved": {table: {column: packed ids}}, "changed": {table: {id: {column: [before, after]}}},
     "gone": {table: {id: {column: before}}}, "new": {table: {id: {column: after}}}}

`put_back` undoes the difference: what somebody changed in between stays as they left it, counters give back only what
the merge had added.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model, Q

from customers.ports.personal_data import Table
from customers.privacy.rules import ids as packing

Row = dict[str, Any]
Kept = dict[str, Any]
CHUNK = 20_000


def _name(number: int, table: Table) -> str:
    return f"{number}:{table.model._meta.label}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def _fields(model: type[Model]) -> dict[str, Any]:
    return {field.attname: field for field in model._meta.concrete_fields}


def _rows(table: Table, condition: Q) -> dict[str, Row]:
    model = table.model
    key = str(model._meta.pk and model._meta.pk.attname)
    found = model._default_manager.filter(condition).values(*_fields(model))
    return {str(row[key]): {name: _plain(value) for name, value in row.items()} for row in found}


def _belongs(table: Table, customer_ids: Sequence[int]) -> Q:
    condition = Q(pk__in=[])
    for path in table.customer:
        condition |= Q(**{f"{path}__in": customer_ids})
    # Through a subquery: a join to many rows would give a row several times.
    return Q(pk__in=table.model._default_manager.filter(condition).values("pk"))


class Journal:
    """The look before a merge; `difference()` looks again afterwards."""

    def __init__(self, tables: Iterable[Table], from_id: int, into_id: int) -> None:
        self.tables = {_name(number, table): table for number, table in enumerate(tables)}
        self.pair = (from_id, into_id)
        self.moved: dict[str, dict[str, str]] = {}
        self.before: dict[str, dict[str, Row]] = {}
        for name, table in self.tables.items():
            if table.is_moved:
                self.moved[name] = {path: _ids(table.model, path, from_id) for path in table.customer}
            else:
                condition = table.rows(from_id, into_id) if table.rows else _belongs(table, self.pair)
                self.before[name] = _rows(table, condition)

    def difference(self) -> Kept:
        kept: Kept = {"moved": {}, "changed": {}, "gone": {}, "new": {}}
        kept["moved"] = {
            name: {path: text for path, text in paths.items() if text}
            for name, paths in self.moved.items()
            if any(paths.values())
        }
        for name, before in self.before.items():
            table = self.tables[name]
            condition = Q(pk__in=list(before))
            after = _rows(table, condition if table.rows else condition | _belongs(table, self.pair))
            changed = {key: _differing(table, row, after[key]) for key, row in before.items() if key in after}
            parts: dict[str, dict[str, Any]] = {
                "changed": {key: columns for key, columns in changed.items() if columns},
                "gone": {key: row for key, row in before.items() if key not in after},
                "new": {key: row for key, row in after.items() if key not in before},
            }
            for part, rows in parts.items():
                if rows:
                    kept[part][name] = rows
        return kept


def _ids(model: type[Model], path: str, customer_id: int) -> str:
    found = list(model._default_manager.filter(**{path: customer_id}).values_list("pk", flat=True))
    return packing.pack(found) if found else ""


def _differing(table: Table, before: Row, after: Row) -> dict[str, list[Any]]:
    differs = before != after
    return {
        name: [value, after[name]] for name, value in before.items() if value != after[name] or (differs and table.is_state)
    }


def put_back(kept: Kept, tables: Iterable[Table], *, from_id: int, into_id: int) -> None:
    """Undo a difference. The customer that was merged is there again when this is called."""
    named = {_name(number, table): table for number, table in enumerate(tables)}
    for name in reversed(list(kept["new"])):
        if name in named:
            _take_away(named[name], kept["new"][name])
    for name, paths in kept["moved"].items():
        if name in named:
            _move_back(named[name].model, paths, from_id, into_id)
    for name, rows in kept["changed"].items():
        if name in named:
            for key, columns in rows.items():
                _restore(named[name], key, columns, from_id, into_id)
    for name, rows in kept["gone"].items():
        if name in named:
            _insert(named[name].model, list(rows.values()))


def _move_back(model: type[Model], paths: dict[str, str], from_id: int, into_id: int) -> None:
    for path, text in paths.items():
        ids = packing.unpack(text)
        for start in range(0, len(ids), CHUNK):
            chosen = Q(pk__among=ids[start : start + CHUNK])
            model._default_manager.filter(chosen, **{path: into_id}).update(**{path: from_id})


def _take_away(table: Table, rows: dict[str, Row]) -> None:
    """Delete rows that the merge added; one that counted on afterwards keeps what it counted."""
    current = _rows(table, Q(pk__in=list(rows)))
    for key, now in current.items():
        row = rows[key]
        if all(now[name] == row[name] for name in now):
            table.model._default_manager.filter(pk=key).delete()
        elif table.counters:
            table.model._default_manager.filter(pk=key).update(**{name: now[name] - row[name] for name in table.counters})


def _restore(table: Table, key: str, columns: dict[str, list[Any]], from_id: int, into_id: int) -> None:
    model = table.model
    current = _rows(table, Q(pk=key)).get(key)
    if current is None:
        return
    fields, values = _fields(model), {}
    moved = any(columns.get(f"{path}_id") == [from_id, into_id] for path in table.customer)
    if table.is_state and moved and _was_changed(table, current, columns):
        _insert(model, [_as_it_was(model, current, columns)])
        return
    for name, (before, after) in columns.items():
        if before == after:
            continue
        if name in table.counters and before is not None and after is not None:
            values[name] = current[name] - (after - before)
        elif current[name] == after:
            values[name] = fields[name].to_python(before)
    if values:
        model._default_manager.filter(pk=key).update(**values)


def _was_changed(table: Table, current: Row, columns: dict[str, list[Any]]) -> bool:
    return any(current[name] != after for name, (_, after) in columns.items())


def _as_it_was(model: type[Model], current: Row, columns: dict[str, list[Any]]) -> Row:
    """The row before the merge; under a new id, because the old one stays with the target."""
    row = current | {name: before for name, (before, _) in columns.items()}
    row.pop(str(model._meta.pk and model._meta.pk.attname))
    return row


def _insert(model: type[Model], rows: Sequence[Row]) -> None:
    fields = _fields(model)
    model._default_manager.bulk_create(
        [model(**{name: fields[name].to_python(value) for name, value in row.items()}) for row in rows],
        ignore_conflicts=True,
        batch_size=500,
    )
