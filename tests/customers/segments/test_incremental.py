"""What the workers keep up to date is what a full evaluation would give, after everything that can happen."""

import os
import random

import pytest

from customers.models import SegmentChange
from tests.customers.segments import streams

pytestmark = pytest.mark.django_db
STREAMS = int(os.environ.get("SEGMENT_STREAMS", "6"))
FIRST = int(os.environ.get("SEGMENT_SEED", "0"))
STEPS = 15
STARTS = [
    streams.around("Europe/London", "2026-03-29T00:30:00+00:00"), streams.around("America/New_York", "2026-11-01T05:30:00+00:00"),
    streams.around("Asia/Kolkata", "2028-02-28T18:00:00+00:00"), streams.around("Pacific/Apia", "2020-09-26T13:00:00+00:00"),
    streams.around("Europe/London", "2026-10-25T00:15:00+00:00"), streams.around("America/Havana", "2026-03-08T04:59:00+00:00"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STREAMS))
def test_members_history_and_news_stay_right_whatever_happens(seed):
    stream = streams.Stream(random.Random(seed), *STARTS[seed % len(STARTS)])

    for _ in range(STEPS):
        stream.step()
        stream.settle()

        assert stream.wrong() == [], stream.log[-8:]
        stream.remember()


def test_the_streams_move_people_in_and_out_for_every_reason():
    """Otherwise nothing above would be compared: there are entries and exits by events, time and edits."""
    stream = streams.Stream(random.Random(3), *STARTS[3])
    for _ in range(30):
        stream.step()
        stream.settle()

    found = set(SegmentChange.objects.values_list("cause", "entered"))
    assert {"event", "time", "rules"} <= {cause for cause, _ in found}
    assert {moved for _, moved in found} == {True, False}
