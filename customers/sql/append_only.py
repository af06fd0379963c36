"""Triggers by which the database itself refuses to change the proof of consent.

A row cannot be deleted. Of its columns two kinds may be updated: `customer_id` (a merge moves the proof to the customer
that stays, its undo moves it back), and the network addresses and browser, which may only become empty (erasure). What was
said, when, where and to which words is never changed. A later migration that makes SQLite rebuild the table has to call
`install` again.
"""

from typing import Any

TABLE = "customers_consentchange"
MESSAGE = "the proof of consent is append-only"
BLANKED = ("client_address", "user_agent", "requested_from")
REFUSE = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
FREE = ", ".join(f"'{name}'" for name in ("customer_id", *BLANKED))

POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION customers_refuse_proof_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - ARRAY[{FREE}] = to_jsonb(OLD) - ARRAY[{FREE}]
           AND {" AND ".join(f"(NEW.{name} = '' OR NEW.{name} = OLD.{name})" for name in BLANKED)} THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation';
END $$
"""


def statements(vendor: str, columns: list[str]) -> list[str]:
    """The statements for one engine; `columns` are the column names of the table."""
    if vendor == "postgresql":
        return [
            POSTGRESQL,
            f'CREATE TRIGGER "{TABLE}_append_only" BEFORE UPDATE OR DELETE ON "{TABLE}" '
            "FOR EACH ROW EXECUTE FUNCTION customers_refuse_proof_change()",
        ]
    fixed = ", ".join(f'"{name}"' for name in columns if name not in ("customer_id", *BLANKED))
    changed = " OR ".join(f'(NEW."{name}" <> \'\' AND NEW."{name}" <> OLD."{name}")' for name in BLANKED)
    return [
        no_delete(),
        f'CREATE TRIGGER "{TABLE}_no_update" BEFORE UPDATE OF {fixed} ON "{TABLE}" {REFUSE}',
        f'CREATE TRIGGER "{TABLE}_only_blanked" BEFORE UPDATE ON "{TABLE}" WHEN {changed} {REFUSE}',
    ]


def no_delete() -> str:
    """SQLite's trigger against deleting rows. The test suite takes it away, because there a flush is a DELETE."""
    return f'CREATE TRIGGER IF NOT EXISTS "{TABLE}_no_delete" BEFORE DELETE ON "{TABLE}" {REFUSE}'


def removals(vendor: str) -> list[str]:
    """Undo `statements`."""
    if vendor == "postgresql":
        return [f'DROP TRIGGER IF EXISTS "{TABLE}_append_only" ON "{TABLE}"']
    return [f'DROP TRIGGER IF EXISTS "{TABLE}_{what}"' for what in ("no_delete", "no_update", "only_blanked")]


def install(apps: Any, schema_editor: Any) -> None:
    """Migration operation: put the triggers in place (again)."""
    fields = apps.get_model("customers", "ConsentChange")._meta.local_fields
    vendor = schema_editor.connection.vendor
    for statement in [*removals(vendor), *statements(vendor, [field.column for field in fields])]:
        schema_editor.execute(statement)


def uninstall(apps: Any, schema_editor: Any) -> None:
    """Migration operation: take the triggers away."""
    for statement in removals(schema_editor.connection.vendor):
        schema_editor.execute(statement)
