"""Fixtures that every test may use."""

from datetime import UTC, datetime

import pytest
import time_machine

from tests import databases, order

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    order.check_marks(items)
    if hasattr(config, "workerinput"):
        order.for_workers(items, config.workerinput["workercount"])


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
def django_db_modify_db_settings(django_db_modify_db_settings, request, tmp_path_factory, django_db_blocker):
    """The first worker migrates, the others copy."""
    has_workers = hasattr(request.config, "workerinput")
    drop = databases.share(tmp_path_factory.getbasetemp().parent if has_workers else None)
    yield
    with django_db_blocker.unblock():
        drop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """SQLite empties tables by DELETE after a test with real transactions; append-only tables would refuse that."""
    from django.db import connection

    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for table in ("loyalty_entry", "loyalty_allocation", "customers_consentchange"):
                    cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_delete"')
        databases.empty_quickly()
    yield
    with django_db_blocker.unblock():
        databases.close_other_sessions()


@pytest.fixture(scope="session")
def kept_states(tmp_path_factory):
    """Files of the states that `remembered` keeps, with what their makers returned."""
    return tmp_path_factory.mktemp("states"), {}


@pytest.fixture
def remembered(transactional_db, kept_states):
    """`remembered("shop", build)`: what `build` writes into an empty database and returns, built once by each worker.

    On SQLite the rows come back as a copy of the file, with the same ids; on PostgreSQL they are built each time.
    """
    from django.db import connection

    folder, answers = kept_states

    def give(name, build):
        if name in answers:
            databases.read_file(str(folder / name))
            return answers[name]
        answer = build()
        if connection.vendor == "sqlite":
            databases.write_file(str(folder / name))
            answers[name] = answer
        return answer

    return give
