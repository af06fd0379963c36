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
