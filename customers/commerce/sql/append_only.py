"""Triggers by which the database itself refuses to change the history of subscriptions.

A row can only go together with its customer. A later migration that makes SQLite rebuild the table has to call `install`
again.
"""

from typing import Any

TABLE = "customers_subscriptionchange"
MESSAGE = "the history of subscriptions is append-only"
POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation';
END $$
"""


def statements(vendor: str) -> list[str]:
    """The statements for one engine."""
    if vendor == "postgresql":
        return [
            POSTGRESQL,
            f'CREATE TRIGGER "{TABLE}_no_update" BEFORE UPDATE ON "{TABLE}" '
            "FOR EACH ROW EXECUTE FUNCTION customers_refuse_change()",
        ]
    return [f'CREATE TRIGGER "{TABLE}_no_update" BEFORE UPDATE ON "{TABLE}" BEGIN SELECT RAISE(ABORT, \'{MESSAGE}\'); END']


def removal(vendor: str) -> str:
    """Undo `statements`."""
    return f'DROP TRIGGER IF EXISTS "{TABLE}_no_update"' + (f' ON "{TABLE}"' if vendor == "postgresql" else "")


def install(apps: Any, schema_editor: Any) -> None:
    """Migration operation: put the trigger in place (again)."""
    vendor = schema_editor.connection.vendor
    for statement in [removal(vendor), *statements(vendor)]:
        schema_editor.execute(statement)


def uninstall(apps: Any, schema_editor: Any) -> None:
    """Migration operation: take the trigger away."""
    schema_editor.execute(removal(schema_editor.connection.vendor))
