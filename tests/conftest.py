"""Fixtures that every test may use."""

from datetime import UTC, datetime

import pytest
import time_machine

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)


@pytest.fixture
def at():
    """The moment of the test, a Monday at noon UTC."""
    return NOON


@pytest.fixture
def frozen_clock():
    """Stop the clock at `at`; `frozen_clock.move_to(...)` moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def on_postgresql():
    """Skip on SQLite: for races with real threads, which SQLite's single writer cannot have."""
    from django.db import connection

    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite has one writer")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """SQLite empties tables by DELETE after a test with real transactions; append-only tables would refuse that."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for table in ("loyalty_entry", "loyalty_allocation", "customers_consentchange"):
                cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_delete"')
