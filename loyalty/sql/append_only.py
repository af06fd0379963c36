"""Triggers by which the database itself refuses to change the ledger.

Entries and allocations cannot be deleted, and no column can be updated. One thing is allowed, because a reason typed by
staff may name a person: blanking `loyalty_entry.note` (the erasure path, `loyalty.actions.personal_data.erase`).
A later migration that makes SQLite rebuild one of the tables has to call `install` again.
"""

from typing import Any

TABLES = ("loyalty_entry", "loyalty_allocation")
MESSAGE = "the points ledger is append-only"
REFUSE = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"

POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION loyalty_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'loyalty_entry' THEN
        IF to_jsonb(NEW) - 'note' = to_jsonb(OLD) - 'note' AND to_jsonb(NEW) ->> 'note' = '' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation';
END $$
"""


def statements(vendor: str, columns: dict[str, list[str]]) -> list[str]:
    """The statements for one engine; `columns` are the column names of each table."""
    if vendor == "postgresql":
        return [POSTGRESQL] + [
            f'CREATE TRIGGER "{table}_append_only" BEFORE UPDATE OR DELETE ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION loyalty_refuse_change()"
            for table in TABLES
        ]
    made = []
    for table in TABLES:
        fixed = ", ".join(f'"{name}"' for name in columns[table] if name != "note")
        made += [no_delete(table), f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE OF {fixed} ON "{table}" {REFUSE}']
    note = 'BEFORE UPDATE OF "note" ON "loyalty_entry" WHEN NEW."note" <> \'\''
    return [*made, f'CREATE TRIGGER "loyalty_entry_note" {note} {REFUSE}']


def no_delete(table: str) -> str:
    """SQLite's trigger against deleting rows. The test suite takes it away, because there a flush is a DELETE."""
    return f'CREATE TRIGGER IF NOT EXISTS "{table}_no_delete" BEFORE DELETE ON "{table}" {REFUSE}'


def removals(vendor: str) -> list[str]:
    """Undo `statements`."""
    if vendor == "postgresql":
        return [f'DROP TRIGGER IF EXISTS "{table}_append_only" ON "{table}"' for table in TABLES]
    names = [f"{table}_{what}" for table in TABLES for what in ("no_delete", "no_update")]
    return [f'DROP TRIGGER IF EXISTS "{name}"' for name in [*names, "loyalty_entry_note"]]


def install(apps: Any, schema_editor: Any) -> None:
    """Migration operation: put the triggers in place (again)."""
    models = [apps.get_model("loyalty", name) for name in ("Entry", "Allocation")]
    columns = {model._meta.db_table: [field.column for field in model._meta.local_fields] for model in models}
    vendor = schema_editor.connection.vendor
    for statement in [*removals(vendor), *statements(vendor, columns)]:
        schema_editor.execute(statement)


def uninstall(apps: Any, schema_editor: Any) -> None:
    """Migration operation: take the triggers away."""
    for statement in removals(schema_editor.connection.vendor):
        schema_editor.execute(statement)
