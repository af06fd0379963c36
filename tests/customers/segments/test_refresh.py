"""Members stay equal to the rules: after events, as windows pass, and by night."""

import random
from datetime import timedelta

import pytest

from customers.actions import timeline
from customers.models import (
    Brand,
    Customer,
    Event,
    JobRun,
    Segment,
    SegmentChange,
    SegmentCount,
    SegmentMembership,
    SegmentTouch,
)
from customers.segments.actions import announce, follow, lists, night, refresh, save
from customers.segments.queries import members, members_at, run
from customers.segments.rules.parse import BadDefinition
from tests.factories import people

pytestmark = pytest.mark.django_db


def event(customer, name, at, number=0, **values):
    return timeline.NewEvent(
        customer_id=customer.id,
        name=name,
        occurred_at=at,
        source="test",
        **values,
        key=timeline.event_key("test", name, customer.id, at.isoformat(), number),
    )


def rule(*rules, match="all"):
    return {"match": match, "rules": list(rules)}


def did(name, days=None, op="at_least", count=1):
    within = {"within": {"days": days}} if days else {}
    return {"type": "event", "name": name, "op": op, "count": count, **within}


def saved(name, definition, at):
    segment = save.rules(name=name, definition=definition, at=at)
    refresh.whole(segment.id, at=at)
    return segment


def settle(at):
    """Run what the workers would, until nothing waits."""
    while timeline.process_batch(at=at) or refresh.touched(at=at):
        pass


def ids(segment):
    return set(members(segment.id))


def announced():
    rows = Event.objects.filter(name__startswith="segment.").order_by("id")
    return [(row.customer_id, row.name, row.properties["segment"]) for row in rows]


def test_an_event_moves_only_the_customer_it_happened_to(at):
    alice, bob = people.alice(), people.bob()
    segment = saved("Clickers", rule(did("page.viewed", 7)), at)

    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)

    assert ids(segment) == {alice.id}
    assert announced() == [(alice.id, "segment.entered", "Clickers")]
    segment.refresh_from_db()
    assert segment.member_count == 1
    assert SegmentChange.objects.filter(customer=bob).count() == 0


def test_events_nobody_asks_about_leave_no_touch(at):
    alice = people.alice()
    saved("Clickers", rule(did("page.viewed", 7)), at)

    timeline.record_many([event(alice, "message.sent", at)], at=at)
    timeline.process_batch(at=at)

    assert SegmentTouch.objects.count() == 0


def test_the_first_fill_is_not_news_and_an_edit_is(at):
    alice, bob = people.alice(country="DE"), people.bob(country="FR")
    segment = saved("Germans", rule({"type": "field", "field": "customer.country", "op": "is", "value": "DE"}), at)
    assert (ids(segment), announced()) == ({alice.id}, [])

    later = at + timedelta(hours=1)
    save.rules(
        segment_id=segment.id,
        name="French",
        at=later,
        definition=rule({"type": "field", "field": "customer.country", "op": "is", "value": "FR"}),
    )
    follow.due(at=later)

    assert ids(segment) == {bob.id}
    assert sorted(announced()) == sorted([(alice.id, "segment.left", "French"), (bob.id, "segment.entered", "French")])
    assert announce.waiting(at=later) == 0


def test_a_member_leaves_when_the_window_has_passed(at):
    alice = people.alice()
    segment = saved("Clickers", rule(did("page.viewed", 7)), at)
    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)

    follow.windows(at=at + timedelta(days=1))
    assert ids(segment) == {alice.id}
    for day in range(2, 8):
        follow.windows(at=at + timedelta(days=day))
    follow.windows(at=at + timedelta(days=7, minutes=1))

    assert ids(segment) == set()
    assert announced()[-1] == (alice.id, "segment.left", "Clickers")


def test_windows_evaluate_only_those_whose_time_has_come(at):
    alice, bob = people.alice(), people.bob()
    saved("Clickers", rule(did("page.viewed", 1)), at)
    timeline.record_many([event(alice, "page.viewed", at), event(bob, "page.viewed", at + timedelta(hours=5))], at=at)
    settle(at + timedelta(hours=6))
    follow.windows(at=at + timedelta(hours=20))

    looked_at = follow.windows(at=at + timedelta(hours=25))

    assert looked_at == 1


def test_segments_follow_the_segments_they_ask_about(at):
    alice = people.alice()
    inner = saved("Inner", rule(did("page.viewed")), at)
    outer = saved("Outer", rule({"type": "segment", "segment": inner.id, "op": "not_in"}), at)
    assert ids(outer) == {alice.id}

    timeline.record_many([event(alice, "page.viewed", at)], at=at)
    settle(at)

    assert (ids(inner), ids(outer)) == ({alice.id}, set())


def test_rules_that_go_round_in_a_circle_are_refused(at):
    inner = saved("Inner", rule(did("page.viewed")), at)
    outer = saved("Outer", rule({"type": "segment", "segment": inner.id, "op": "in"}), at)

    with pytest.raises(BadDefinition, match="itself"):
        save.rules(
            segment_id=inner.id, name="Inner", definition=rule({"type": "segment", "segment": outer.id, "op": "in"}), at=at
        )
    with pytest.raises(BadDefinition, match="does not exist"):
        save.rules(name="New", definition=rule({"type": "segment", "segment": 99999, "op": "in"}), at=at)


def test_the_night_reports_what_the_quick_ways_missed(at):
    alice = people.alice()
    segment = saved("Germans", rule({"type": "field", "field": "customer.country", "op": "is", "value": "DE"}), at)
    Customer.objects.filter(id=alice.id).update(country="DE")  # behind the timeline's back

    midnight = at + timedelta(days=1)
    assert night.whole(at=midnight) is True
    assert night.whole(at=midnight) is False

    assert ids(segment) == {alice.id}
    assert JobRun.objects.get(job=night.NIGHTLY).summary == {
        "checked": 1,
        "drift": "Germans: 1 in, 0 out",
        "failed": "none",
    }
    yesterday = SegmentCount.objects.get(segment=segment)
    assert (yesterday.member_count, yesterday.entered, yesterday.left) == (0, 0, 0)


def test_history_tells_who_was_in_on_a_given_day(at):
    alice, bob = people.alice(), people.bob()
    segment = save.listed(name="Guests", at=at)
    lists.add(segment.id, [alice.id], at=at + timedelta(days=1))
    lists.remove(segment.id, [alice.id], at=at + timedelta(days=3))
    lists.add(segment.id, [bob.id], at=at + timedelta(days=5))

    then = [set(members_at(segment.id, at + timedelta(days=day)).values_list("id", flat=True)) for day in (0, 2, 4, 6)]

    assert then == [set(), {alice.id}, set(), {bob.id}]
    assert [row[1] for row in announced()] == ["segment.entered", "segment.left", "segment.entered"]


def test_a_list_reads_addresses_external_ids_and_numbers(at):
    alice, bob, carol = people.alice(), people.bob(external_id="B-7"), people.carol()

    named = lists.read(f"ALICE@example.com, B-7;\n#{carol.id} nobody@example.com 'x\x00y'")

    assert set(named.customer_ids) == {alice.id, bob.id, carol.id}
    assert named.unknown == ("nobody@example.com", "x", "y")


@pytest.mark.parametrize("seed", range(6))
def test_incremental_membership_equals_full_evaluation_after_random_events(at, seed):
    dice = random.Random(seed)
    Brand.objects.update_or_create(pk=1, defaults={"timezone": "Europe/London"})
    crowd = [people.customer(f"P{i}") for i in range(8)]
    segments = [
        saved("Viewers", rule(did("page.viewed", 2)), at),
        saved("Twice", rule(did("page.viewed", 3, count=2), did("page.searched", 2, op="never")), at),
        saved("Buyers", rule({"type": "field", "field": "customer.order_count", "op": "at_least", "value": 2}), at),
        saved(
            "Quiet",
            rule(
                {"type": "field", "field": "customer.last_seen_at", "op": "more_ago", "value": 2},
                did("order.placed", op="never"),
                match="any",
            ),
            at,
        ),
        saved(
            "Last", rule({"type": "event_time", "name": "page.searched", "which": "last", "op": "in_last", "value": 1}), at
        ),
    ]
    segments.append(
        saved(
            "Both",
            rule(
                {"type": "segment", "segment": segments[0].id, "op": "in"},
                {"type": "segment", "segment": segments[3].id, "op": "not_in"},
            ),
            at,
        )
    )

    now = at
    for step in range(25):
        now += timedelta(minutes=dice.choice([1, 30, 300, 1500]))
        fresh = [
            event(
                dice.choice(crowd),
                dice.choice(["page.viewed", "page.searched", "order.placed", "message.sent"]),
                now - timedelta(minutes=dice.choice([0, 5, 600, 4000])),
                step * 10 + i,
                amount_minor=500,
                currency="GBP",
            )
            for i in range(dice.randrange(3))
        ]
        timeline.record_many(fresh, at=now)
        settle(now)
        follow.windows(at=now)
        settle(now)
        for segment in segments:
            segment.refresh_from_db()
            assert ids(segment) == set(run.ids(segment.definition, now)), (segment.name, step)
            assert segment.member_count == len(ids(segment))
    changes = SegmentChange.objects.filter(changed_at__gt=at)
    assert len(announced()) == changes.count() == len(set(changes.values_list("id", flat=True)))
    for segment in segments:
        entered = changes.filter(segment=segment, entered=True).count()
        left = changes.filter(segment=segment, entered=False).count()
        first = SegmentChange.objects.filter(segment=segment, changed_at=at).count()
        assert SegmentMembership.objects.filter(segment=segment).count() == first + entered - left


def test_a_definition_of_a_field_that_is_gone_is_noted_and_changes_nothing(at):
    alice = people.alice(country="DE")
    segment = saved("Germans", rule({"type": "field", "field": "customer.country", "op": "is", "value": "DE"}), at)
    Segment.objects.filter(id=segment.id).update(
        definition=rule({"type": "field", "field": "gone.field", "op": "is", "value": "DE"})
    )

    refresh.whole(segment.id, at=at + timedelta(days=1))

    segment.refresh_from_db()
    assert segment.problem == "rules › 1 › field: This field is not known here (any more)."
    assert ids(segment) == {alice.id}
