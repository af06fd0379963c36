"""Where text becomes SQL: few places, all of them read (T-02)."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine_free

ROOT = Path(__file__).resolve().parents[2]
APPS = ["campaigns", "config", "customers", "loyalty", "metrics", "referrals", "surveys"]
RAW = re.compile(r"\b(?:cursor|connection|schema_editor)\.(?:execute|executemany|copy)\(|\bRawSQL\b|\.raw\(|\.extra\(")
# Each was read: names come from code, values travel as parameters.
READ = {
    "campaigns/actions/planning.py", "campaigns/actions/sending.py",
    "campaigns/queries/database_clock.py", "campaigns/queries/report.py", "config/kit/sql/engine.py", "config/kit/sql/inserting.py", "config/kit/sql/limits.py",
    "config/kit/sql/reading.py", "config/sqlitebroker.py",
    "config/views.py", "customers/actions/reconcile.py", "customers/exports/queries/attributes.py", "customers/commerce/actions/check.py",
    "customers/commerce/sql/append_only.py", "customers/queries/search.py", "customers/sql/search.py", "customers/segments/actions/changes.py",
    "customers/segments/actions/freeze.py",
    "customers/segments/queries/candidates.py", "customers/segments/queries/differences.py",
    "customers/stages/actions/returns.py", "customers/stages/actions/usage.py", "customers/stages/queries/preview.py",
    "customers/stages/queries/statements.py", "customers/stages/queries/usage.py", "customers/tracking/actions/attributes.py",
    "customers/segments/queries/named.py", "customers/segments/queries/recipes.py",
    "customers/segments/queries/counting.py", "customers/segments/queries/reasons.py", "customers/segments/queries/run.py", "customers/segments/queries/values.py", "customers/sql/append_only.py",
    "loyalty/sql/append_only.py", "metrics/queries/statements.py",
}  # fmt: skip
DANGEROUS = re.compile(
    r"\bpickle\b|\byaml\.load\b|\beval\(|\bexec\(|__import__\(|\bos\.system\(|shell=True|@csrf_exempt\b.*\bstaff\b|"
    r"\.(?:filter|exclude|annotate|order_by)\(\*\*?request\.|\|safe\b(?!.*help_text)|mark_safe\("
)
ALLOWED = {"referrals/views/public.py", "templates/django/forms/field.html"}  # our own QR mark; Django's help texts


def files(pattern):
    for app in [*APPS, "templates"]:
        for path in sorted((ROOT / app).rglob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name:
                yield name, path.read_text()


def test_sql_is_written_in_places_that_were_read():
    assert {name for name, text in files("*.py") if RAW.search(text)} == READ


def test_nothing_runs_or_trusts_text():
    found = {name for pattern in ("*.py", "*.html") for name, text in files(pattern) if DANGEROUS.search(text)}

    assert found - ALLOWED == set()
