"""Quick databases for tests: migrated once per run, emptied where rows are, and put back to a kept state.

Three costs of Django's test cases grow with the number of tables, not with what a test did: every worker migrates from
nothing, a test with real transactions empties all tables and then writes every permission anew, and a test that needs a
whole company builds it again. Here the first worker migrates and the others copy; only tables with rows are emptied; and on
SQLite a company comes back as a copy of the database file.
"""

import ast
import fcntl
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import TransactionTestCase

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("django_content_type", "auth_permission")  # filled by `migrate`, alike for every test
SECONDS = 30  # how long another process may need to end its transaction


def close_other_sessions() -> None:
    """Connections of threads that are gone without a word, which would keep PostgreSQL from dropping the database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@contextmanager
def locked(folder: Path):
    """One process at a time."""
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def share(run: Path | None) -> Callable[[], None]:
    """Let the first worker migrate and the others copy its database; returns what drops the copy at the end.

    `run` is a folder that is common to the workers of this run and to nobody else, None without workers. On SQLite the copy is kept in
    `build/test-databases` for the next run, until a migration changes. CI migrates always.
    """
    is_kept = connection.vendor == "sqlite" and not os.environ.get("CI")
    folder = ROOT / "build" / "test-databases" if is_kept else run
    if folder is None:
        return lambda: None
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / f"{digest() if is_kept else 'migrated'}.txt"
    creation = connection.creation
    migrate = creation.create_test_db
    made = []

    def create_test_db(*args, **options):
        with locked(folder):
            if ready.exists():
                return copy_in(ready.read_text())
            name = migrate(*args, **options)
            for old in [*folder.glob("*.txt"), *folder.glob("*.sqlite3")]:
                old.unlink()
            made.append(copy_out(folder / f"{ready.stem}.sqlite3"))
            ready.write_text(made[0])
            return name

    def drop():
        if made and connection.vendor == "postgresql":
            with locked(folder):
                ready.unlink()
                creation._destroy_test_db(made[0], verbosity=0)

    creation.create_test_db = create_test_db
    return drop


def digest() -> str:
    """Of everything that makes the tables: the migrations, our modules that they import, and the locked packages."""
    todo, seen = [*ROOT.glob("*/migrations/*.py"), ROOT / "requirements" / "base.txt"], set()
    while todo:
        path = todo.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text())) if path.suffix == ".py" else ():
            if isinstance(node, ast.ImportFrom) and node.module:
                todo += [module_file(node.module), *(module_file(f"{node.module}.{each.name}") for each in node.names)]
    text = "".join(f"{path}\n{path.read_text()}" for path in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def module_file(name: str) -> Path:
    return ROOT / f"{name.replace('.', '/')}.py"


def copy_out(file: Path) -> str:
    """A copy of the database that was just migrated; returns its name."""
    if connection.vendor == "sqlite":
        write_file(str(file))
        return str(file)
    connection.creation._clone_test_db(suffix="template", verbosity=0)
    return connection.creation.get_test_db_clone_settings("template")["NAME"]


def copy_in(source: str) -> str:
    """This worker's own database, from the copy."""
    creation = connection.creation
    name = creation._get_test_db_name()
    if connection.vendor == "sqlite":
        Path(name).write_bytes(Path(source).read_bytes())
    else:
        connection.settings_dict["TEST"]["TEMPLATE"] = source
        creation._create_test_db(verbosity=0, autoclobber=True)
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
    return name


def write_file(name: str) -> None:
    connection.ensure_connection()
    target = sqlite3.connect(name)
    with target:
        connection.connection.backup(target)
    target.close()


def read_file(name: str) -> None:
    """Put the SQLite database back to a state that `write_file` kept."""
    source = sqlite3.connect(name)
    connection.ensure_connection()
    source.backup(connection.connection)
    source.close()


def empty_quickly() -> None:
    """From now on a test with real transactions empties the tables that have rows, not all there are.

    Whatever is unusual goes Django's way: changed permissions, or a database user who may not switch triggers off.
    """
    every, kept = TransactionTestCase._fixture_teardown, kept_rows()
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - {*KEPT})
    have_rows = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables)

    def teardown(case):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                wait_for_others(cursor)
            cursor.execute(have_rows)
            full = [table for (table,) in cursor.fetchall()]
        if case.available_apps is not None or case.serialized_rollback or kept_rows() != kept or not delete(full):
            every(case)

    TransactionTestCase._fixture_teardown = teardown


def kept_rows() -> list:
    with connection.cursor() as cursor:
        found = []
        for table in KEPT:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found.append(cursor.fetchall())
        return found


def delete(tables: list[str]) -> bool:
    """Delete all rows of these tables; False if the database user may not."""
    if connection.vendor == "sqlite":
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no keys to follow, nothing is append-only
            for table in tables:
                cursor.execute(f'DELETE FROM "{table}"')
    except ProgrammingError:
        return False
    return True


def wait_for_others(cursor) -> None:
    """A process that a test killed may have a transaction open for a moment: its rows would come after we emptied."""
    for _turn in range(SECONDS * 20):
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND xact_start IS NOT NULL"
        )
        if cursor.fetchone() == (0,):
            return
        time.sleep(0.05)
