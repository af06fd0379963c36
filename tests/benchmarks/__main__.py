"""`make bench`: every hot path beside its limit, on a throw-away PostgreSQL. `python -m tests.benchmarks timeline` runs one."""

import importlib
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.test_settings")

MODULES = ["people", "segments", "timeline", "imports", "email", "journeys", "loyalty", "metrics", "sample"]


def main() -> int:
    import django

    django.setup()
    from django.db import connection

    from tests.benchmarks.harness import Report

    if connection.vendor != "postgresql":
        print("make bench needs PostgreSQL: install it, or set TEST_DATABASE_URL.")
        return 1
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    report = Report()
    try:
        for name in sys.argv[1:] or MODULES:
            print(f"-- {name}", flush=True)
            importlib.import_module(f"tests.benchmarks.{name}").run(report)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    return 0 if report.show() else 2


if __name__ == "__main__":
    sys.exit(main())
