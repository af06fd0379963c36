"""Freshness when things go wrong: quiet edits, rules that fail, a fill under way, a night that is killed."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from customers.actions import timeline
from customers.models import Event, JobRun, Segment, SegmentChange, SegmentCount, SegmentTouch
from customers.segments.actions import attempts, follow, night, refresh, save
from customers.segments.queries import differences, members
from tests.customers.segments.test_refresh import announced, did, event, ids, rule, saved, settle
from tests.factories import people

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def country(code):
    return rule({"type": "field", "field": "customer.country", "op": "is", "value": code})


@pytest.fixture
def broken(monkeypatch):
    """Rules of the segments whose ids are put in here fail in the database."""
    ids_of_broken = set()
    between = differences.between

    def fail(tree, segment_id, *rest):
        if segment_id in ids_of_broken:
            raise OperationalError("value out of range")
        return between(tree, segment_id, *rest)

    monkeypatch.setattr(differences, "between", fail)
    return ids_of_broken


def test_a_quiet_edit_starts_nothing_and_the_next_one_does(at):
    alice, bob = people.alice(country="DE"), people.bob(country="FR")
    segment = saved("Here", country("DE"), at)

    save.rules(segment_id=segment.id, name="Here", definition=country("FR"), at=at + MINUTE, is_quiet=True)
    follow.due(at=at + MINUTE)
    quiet = ids(segment), announced()
    save.rules(segment_id=segment.id, name="Here", definition=country("DE"), at=at + 2 * MINUTE)
    follow.due(at=at + 2 * MINUTE)

    assert quiet == ({bob.id}, [])
    assert sorted(announced()) == sorted([(bob.id, "segment.left", "Here"), (alice.id, "segment.entered", "Here")])


def test_an_edit_of_the_moment_of_a_refresh_is_filled(at):
    alice, bob = people.alice(country="DE"), people.bob(country="FR")
    segment = saved("Here", country("DE"), at)

    save.rules(segment_id=segment.id, name="Here", definition=country("FR"), at=at)
    filled = follow.due(at=at), follow.due(at=at)

    assert filled == (1, 0)
    assert (ids(segment), alice.id in ids(segment)) == ({bob.id}, False)


def test_rules_that_fail_wait_longer_each_time_and_recover(at, broken):
    alice = people.alice(country="DE")
    segment = save.rules(name="Germans", definition=country("DE"), at=at)
    broken.add(segment.id)

    pauses, now = [], at
    for _ in range(6):
        assert follow.due(at=now) == 1
        segment.refresh_from_db()
        pauses.append(segment.retry_at - now)
        assert follow.due(at=segment.retry_at - timedelta(seconds=1)) == 0
        now = segment.retry_at
    problem = segment.problem
    broken.clear()
    follow.due(at=now)
    segment.refresh_from_db()

    assert pauses == [*attempts.PAUSES, attempts.PAUSES[-1]]
    assert problem == "The rules could not be evaluated: value out of range"
    assert (segment.problem, segment.attempts, segment.retry_at) == ("", 0, None)
    assert ids(segment) == {alice.id}


def test_one_failing_segment_holds_up_no_other_and_catches_up(at, broken):
    alice = people.alice()
    bad, good = saved("Bad", rule(did("page.viewed", 7)), at), saved("Good", rule(did("page.viewed", 7)), at)
    broken.add(bad.id)

    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)
    while_broken = ids(bad), ids(good), SegmentTouch.objects.count()
    broken.clear()
    follow.due(at=at + MINUTE)

    assert while_broken == (set(), {alice.id}, 0)
    assert ids(bad) == {alice.id}
    assert sorted(announced()) == [(alice.id, "segment.entered", name) for name in ("Bad", "Good")]


def test_windows_of_one_failing_segment_hold_up_no_other(at, broken):
    alice = people.alice()
    bad, good = saved("Bad", rule(did("page.viewed", 1)), at), saved("Good", rule(did("page.viewed", 1)), at)
    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)
    broken.add(bad.id)

    late = at + timedelta(days=1, minutes=1)
    follow.windows(at=late)
    while_broken = ids(bad), ids(good)
    broken.clear()
    follow.due(at=late + MINUTE)

    assert while_broken == ({alice.id}, set())
    assert ids(bad) == set()


def test_an_event_dated_ahead_counts_when_its_moment_comes(at):
    alice = people.alice()
    segment = saved("Viewers", rule(did("page.viewed")), at)

    timeline.record_many([event(alice, "page.viewed", at + timedelta(hours=3))], at=at)
    settle(at)
    before = ids(segment)
    settle(at + timedelta(hours=3))

    assert (before, ids(segment)) == (set(), {alice.id})


def test_work_that_began_earlier_never_undoes_what_came_after(at):
    alice = people.alice()
    segment = saved("Viewers", rule(did("page.viewed")), at)
    timeline.record_many([event(alice, "page.viewed", at + MINUTE)], at=at + MINUTE)
    settle(at + MINUTE)

    refresh.whole(segment.id, at=at)  # its turn came late

    assert ids(segment) == {alice.id}
    assert announced() == [(alice.id, "segment.entered", "Viewers")]


def test_a_night_that_is_killed_goes_on_where_it_was(at, monkeypatch):
    first, second = saved("First", country("DE"), at), saved("Second", country("FR"), at)
    midnight = at + timedelta(days=1)
    night.step(at=midnight)
    monkeypatch.setattr(night.follow, "windows", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        night.step(at=midnight)
    monkeypatch.undo()
    checked = []
    whole = refresh.whole
    monkeypatch.setattr(refresh, "whole", lambda i, **rest: checked.append(i) or whole(i, **rest))

    assert night.whole(at=midnight) is True
    assert (first.id in checked, checked) == (False, [second.id])
    assert JobRun.objects.get(job=night.NIGHTLY).summary == {"checked": 2, "drift": "none", "failed": "none"}


def test_the_night_goes_on_past_a_failing_segment_and_names_it(at, broken):
    bad, good = saved("Bad", country("DE"), at), saved("Good", country("DE"), at)
    broken.add(bad.id)
    alice = people.alice(country="DE")  # behind the timeline's back

    night.whole(at=at + timedelta(days=1))

    good.refresh_from_db()
    assert set(members(good.id)) == {alice.id}
    assert (good.drift_entered, good.drift_left) == (1, 0)
    summary = JobRun.objects.get(job=night.NIGHTLY).summary
    assert summary == {"checked": 2, "drift": "Good: 1 in, 0 out", "failed": "Bad"}


def test_what_still_waits_in_the_inbox_is_no_drift(at):
    alice = people.alice()
    segment = saved("Viewers", rule(did("page.viewed", 7, count=2)), at)
    midnight = at + timedelta(days=1)
    timeline.record_many([event(alice, "page.viewed", midnight, n) for n in range(2)], at=midnight)

    night.whole(at=midnight)

    segment.refresh_from_db()
    assert (ids(segment), segment.drift_at) == ({alice.id}, None)


def test_the_day_keeps_its_size_and_moves(at):
    alice, bob = people.alice(), people.bob()
    segment = saved("Viewers", rule(did("page.viewed")), at - timedelta(days=1))
    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)
    midnight = at + timedelta(hours=13)
    timeline.record_many([event(bob, "page.viewed", midnight)], at=midnight)
    settle(midnight)

    night.whole(at=midnight + MINUTE)

    day = SegmentCount.objects.get(segment=segment)
    assert (day.day, day.member_count, day.entered, day.left) == (at.date(), 1, 1, 0)
    assert Event.objects.filter(name="segment.entered").count() == SegmentChange.objects.count() == 2
    assert Segment.objects.get(id=segment.id).member_count == 2
