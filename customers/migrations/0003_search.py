"""Prefix indexes for the customer list: PostgreSQL needs its pattern operators, SQLite scans its smaller tables."""

from django.db import migrations

INDEXES = {
    "customer_search_first": 'LOWER("first_name") text_pattern_ops',
    "customer_search_last": 'LOWER("last_name") text_pattern_ops',
    "customer_search_company": 'LOWER("company") text_pattern_ops',
    "customer_search_reference": 'LOWER("external_id") text_pattern_ops',
}


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, expression in INDEXES.items():
            schema_editor.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "customers_customer" ({expression})')


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f'DROP INDEX IF EXISTS "{name}"')


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_segments")]
    operations = [migrations.RunPython(add, remove, elidable=False)]
