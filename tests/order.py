"""In which order several workers take the tests, so that both end together; and what may be left out on PostgreSQL.

`--dist worksteal` gives each worker one part of the list and lets the one that is done take from the end of the other's.
"""

import pytest

# Those that take longest start first, or one worker would end long after the other.
LONG = (
    "tests/browser/test_pages.py", "tests/stories/", "tests/faults/", "tests/house/test_attacks.py",
    "tests/customers/ingest/test_fuzz.py", "tests/customers/ingest/test_kills.py", "tests/customers/ingest/test_clients.py",
    "tests/customers/sources/test_killed.py", "tests/customers/test_timeline_faults.py", "tests/customers/imports/test_kill.py",
    "tests/customers/segments/test_compile.py", "tests/customers/segments/test_zoo.py", "tests/metrics/test_online_retail.py",
)  # fmt: skip
WHILE_MIGRATING = 600  # tests without a database that the others take first
DATABASE = {"db", "transactional_db", "live_server", "on_postgresql"}


def uses_database(item) -> bool:
    return item.get_closest_marker("django_db") is not None or not DATABASE.isdisjoint(item.fixturenames)


def check_marks(items) -> None:
    """`engine_free` says that another database cannot change the result: whoever opens one may not say it."""
    wrong = [item.nodeid for item in items if item.get_closest_marker("engine_free") and uses_database(item)]
    if wrong:
        raise pytest.UsageError("These tests use the database and are marked engine_free:\n" + "\n".join(wrong))


def for_workers(items, count: int) -> None:
    """Deal the long tests to all workers first; while the first worker migrates, the others do what needs no database."""
    items.sort(key=lambda item: not uses_database(item))
    long = [item for item in items if item.nodeid.startswith(LONG)]
    others = [item for item in items if not item.nodeid.startswith(LONG)]
    hands = [long[place::count] for place in range(count)]
    size = -(-len(items) // count)
    for place in reversed(range(count)):  # from the end of the list: there stands what needs no database
        room = max(0, size - len(hands[place]))
        dealt = others[len(others) - room :] if room else []
        del others[len(others) - len(dealt) :]
        without = [item for item in dealt if not uses_database(item)]
        with_database = [item for item in dealt if uses_database(item)]
        first, last = (without[:WHILE_MIGRATING], without[WHILE_MIGRATING:]) if place else ([], without)
        hands[place] = first + hands[place] + with_database + last
    items[:] = [item for hand in hands for item in hand] + others
