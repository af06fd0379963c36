"""P7: journey steps in sets, beside the same rows written by hand in one transaction; the due scan as more people wait."""

import statistics
import time
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from campaigns.journeys.actions import advance
from campaigns.journeys.enums import EnrolmentState
from campaigns.journeys.models import Enrolment, StepLog
from campaigns.journeys.queries import due, walks
from campaigns.models import Message
from customers.models import Customer
from tests.benchmarks import world
from tests.benchmarks.harness import Report, alternate, rate
from tests.factories import journeys as make

AT = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)
PEOPLE, SCAN = 10_000, 100_000
DAY = timedelta(days=1)


def run(report: Report) -> None:
    """A wait that ends and a message that is planned, for everybody."""
    _people(SCAN)
    first = Customer.objects.order_by("id").values_list("id", flat=True)[0]
    make.journey(make.wait(days=1), make.send(), make.wait("rest", days=9), entry={"kind": "event", "event": "bench.never"})
    walk = next(iter(walks.load([Enrolment._meta.get_field("version").related_model.objects.latest("id").pk]).values()))

    def ours(number: int) -> float:
        _enrol(walk, first, PEOPLE, due_at=AT)
        return rate(2 * PEOPLE, lambda: advance.advance(at=AT))

    def limit(number: int) -> float:
        _enrol(walk, first, PEOPLE, due_at=AT)
        return rate(2 * PEOPLE, lambda: _by_hand(walk))

    mine, theirs = alternate(ours, limit, rounds=3)
    report.add("journey steps taken", mine, theirs, unit="steps/s", goal=">= 20,000/s", passed=mine >= 20_000)

    _enrol(walk, first, 10_000, due_at=AT + 30 * DAY)
    few = _scan()
    _enrol(walk, first, SCAN, due_at=AT + 30 * DAY)
    many = _scan()
    report.add(
        "due scan, 100,000 beside 10,000 waiting", many * 1000, few * 1000, unit="ms", goal="<= 3 x", passed=many <= 3 * few
    )


def _people(count: int) -> None:
    world.insert_select(
        Customer,
        f"generate_series(1, {count}) n",
        email="'p' || n || '@example.com'",
        first_name="'P'",
        created_at="timestamptz '2026-01-01'",
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer")


def _enrol(walk: walks.Walk, first: int, count: int, *, due_at: datetime) -> None:
    """Everybody at the first wait, and nothing left of the round before."""
    StepLog.objects.all()._raw_delete("default")
    Message.objects.all()._raw_delete("default")
    Enrolment.objects.all()._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_enrolment (journey_id, version_id, customer_id, step_id, state, due_at, entered_at, "
            "moved_at, end_reason, run_key, run, is_generated) SELECT %s, %s, %s + n, %s, %s, %s, %s, %s, '', 'once', 1, false "
            "FROM generate_series(0, %s) n",
            [
                walk.journey.pk, walk.version.pk, first, walk.steps["wait"].pk, EnrolmentState.WAITING.value, due_at, AT, AT,
                count - 1,
            ],
        )  # fmt: skip
        cursor.execute("VACUUM ANALYZE campaigns_enrolment")


def _by_hand(walk: walks.Walk) -> None:
    """The same effect in five statements that nobody could take apart or repeat."""
    wait, send, rest = (walk.steps[key].pk for key in ("wait", "hello", "rest"))
    version = walk.steps["hello"].content_version_id
    log = (
        "INSERT INTO campaigns_steplog (enrolment_id, step_id, at, outcome, detail) "
        "SELECT id, %s, %s, %s, '{}' FROM campaigns_enrolment"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_enrolment SET step_id = %s, moved_at = due_at WHERE step_id = %s", [send, wait])
        cursor.execute(log, [wait, AT, "waited"])
        cursor.execute(
            "INSERT INTO campaigns_message (customer_id, channel, source_kind, source_id, occasion, content_version_id, "
            "state, reason, detail, due_at, planned_at, attempt_no, provider_id) SELECT customer_id, 'email', 'journey', %s, "
            "'00000000-0000-0000-0000-000000000001', %s, 'planned', '', '', %s, %s, 0, '' FROM campaigns_enrolment",
            [walk.journey.pk, version, AT, AT],
        )
        cursor.execute(
            "UPDATE campaigns_enrolment SET step_id = %s, moved_at = due_at, due_at = due_at + interval '9 days' "
            "WHERE step_id = %s",
            [rest, send],
        )
        cursor.execute(log, [send, AT, "planned"])


def _scan() -> float:
    """Seconds of one look for due steps, the median of 21."""

    def once() -> float:
        started = time.perf_counter()
        list(due.steps_due(AT))
        return time.perf_counter() - started

    return statistics.median(once() for _ in range(21))
