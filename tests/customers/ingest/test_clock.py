"""When a message happened, by clocks that cannot be trusted."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.ingest.rules import clock
from customers.models import Event, IngestProblem

RECEIVED = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)


def ago(**units):
    return RECEIVED - timedelta(**units)


HOUR = timedelta(hours=1)
TABLE = [
    # timestamp, original, sent → happened, far ahead
    (None, None, None, RECEIVED, False),
    (ago(days=400), None, None, ago(days=400), False),
    (ago(days=400), None, ago(seconds=2), ago(days=400), False),  # two seconds on the way are no wrong clock
    (ago(minutes=5) + HOUR, None, RECEIVED + HOUR, ago(minutes=5), False),  # a clock an hour fast
    (ago(minutes=5) - HOUR, None, RECEIVED - HOUR, ago(minutes=5), False),  # an hour slow
    (ago(minutes=5, days=9000), None, ago(days=9000), ago(minutes=5), False),  # never set
    (None, ago(minutes=5) + HOUR, RECEIVED + HOUR, ago(minutes=5), False),
    (ago(days=1), ago(minutes=5) + HOUR, RECEIVED + HOUR, ago(minutes=5), False),
    (None, ago(seconds=3), ago(seconds=1), ago(seconds=2), False),
    (None, ago(days=3), None, ago(days=3), False),
    (ago(days=3), ago(days=2), None, ago(days=3), False),
    (RECEIVED + HOUR, None, None, RECEIVED, False),  # nothing happens after it was received
    (RECEIVED + timedelta(days=400), None, None, RECEIVED, True),
    (None, RECEIVED + HOUR, RECEIVED, RECEIVED, False),
    (None, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), False),
]


@pytest.mark.parametrize(("timestamp", "original", "sent", "moment", "is_ahead"), TABLE)
def test_moment_is_corrected(timestamp, original, sent, moment, is_ahead):
    assert clock.happened(timestamp=timestamp, original=original, sent=sent, received=RECEIVED) == (moment, is_ahead)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-16T12:00:00.123456+01:00", datetime(2026, 3, 16, 11, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-16T12:00:00Z", RECEIVED), ("2026-03-16T12:00:00", RECEIVED), ("2026-03-16", RECEIVED - timedelta(hours=12)),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_moments_are_read_with_and_without_zone(text, moment):
    assert clock.parse(text) == moment


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen_clock")
def test_clock_of_a_batch_holds_for_each_message_and_a_leap_ahead_is_noted(send, drain, server_key):
    messages = [
        {"type": "track", "event": "A", "userId": "u1", "timestamp": "2026-03-16T13:55:00Z"},
        {"type": "track", "event": "B", "userId": "u1", "originalTimestamp": "2026-03-16T13:50:00Z"},
        {"type": "track", "event": "C", "userId": "u1", "sentAt": None, "timestamp": "2031-01-01T00:00:00Z"},
    ]
    assert send("batch", messages, server_key, sentAt="2026-03-16T14:00:00Z").status_code == 200
    drain()

    found = dict(Event.objects.filter(name__in="ABC").values_list("name", "occurred_at"))
    assert found == {"A": ago(minutes=5), "B": ago(minutes=10), "C": RECEIVED}
    problem = IngestProblem.objects.get()
    assert (problem.field, problem.is_held) == ("timestamp", False)
    assert problem.reason.startswith("The moment lies more than a day ahead")
