"""The rules of journeys: graphs, waits, holdout, lift."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.journeys.rules import graph, lift, timing, words
from campaigns.journeys.rules.graph import NotAGraph, Wait
from campaigns.journeys.rules.recipes import RECIPES
from campaigns.journeys.rules.triggers import Entry, Goal, NotATrigger, Trigger
from campaigns.rules import blocks, template

pytestmark = pytest.mark.engine_free

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago",
         "Pacific/Kiritimati", "Africa/Casablanca", "UTC", "nowhere/at_all"]  # fmt: skip
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))


def exit_step(key="bye"):
    return {"key": key, "kind": "exit", "name": "Bye"}


def wait_step(key="pause", **values):
    return {"key": key, "kind": "wait", "name": "Pause", **({"days": 1} | values)}


def split_step(then, otherwise, key="split"):
    return {
        "key": key,
        "kind": "split",
        "name": "Split",
        "definition": {"match": "all"},
        "then": then,
        "otherwise": otherwise,
    }


def test_branches_come_together_again():
    steps = [split_step([wait_step("a")], [], key="s"), wait_step("end")]

    parsed = graph.parse({"steps": steps})

    assert parsed.first == "s"
    assert (parsed.steps["s"].yes, parsed.steps["s"].no) == ("a", "end")
    assert parsed.steps["a"].next == "end"
    assert parsed.steps["end"].next is None


@pytest.mark.parametrize(
    ("steps", "words_of_problem"),
    [
        ("none", "is missing or is not a list"),
        ([7], "is not a step"),
        ([{"kind": "wait", "name": "x", "days": 1}], "has no key"),
        ([wait_step("A B")], "has no key"),
        ([wait_step(), wait_step()], "same key"),
        ([{"key": "x", "kind": "dance", "name": "x"}], "unknown kind"),
        ([{"key": "x", "kind": "exit", "name": ""}], "has no name"),
        ([wait_step(days=0)], "waits for no time"),
        ([wait_step(days=-1)], "number of days"),
        ([wait_step(days=True)], "number of days"),
        ([wait_step(days=9999)], "number of days"),
        ([wait_step(at="25:00")], "time of day"),
        ([wait_step(at="09:00", weekdays=[7])], "weekdays"),
        ([wait_step(weekdays=[1])], "weekdays but no time"),
        ([{"key": "x", "kind": "split", "name": "x"}], "no condition"),
        ([{"key": "x", "kind": "effect", "name": "x"}], "does not say what to do"),
        ([{"key": "x", "kind": "wait_event", "name": "x", "days": 1, "event": "bad name"}], "does not name an event"),
        ([{"key": "x", "kind": "send", "name": "x", "content": "12"}], "names no content"),
        ([exit_step(), wait_step()], "never reached"),
        ([split_step([exit_step("a")], [exit_step("b")]), wait_step()], "never reached"),
        ([split_step("x", [])], "not a list of steps"),
        ([wait_step(f"w{n}") for n in range(201)], "at most 200"),
    ],
)
def test_graph_that_makes_no_sense_is_refused_with_its_place(steps, words_of_problem):
    with pytest.raises(NotAGraph) as refused:
        graph.parse({"steps": steps})

    assert words_of_problem in str(refused.value)
    assert refused.value.problems[0].path.startswith("steps")


def test_endless_nesting_is_refused():
    steps = [exit_step()]
    for depth in range(12):
        steps = [split_step(steps, [], key=f"s{depth}")]

    with pytest.raises(NotAGraph):
        graph.parse({"steps": steps})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["send", "wait", "split", "exit"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["key", "kind", "name", "steps", "then", "otherwise", "days", "at", "weekdays", "event", "where"]
            )
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_whatever_comes_in_is_read_or_refused(value):
    try:
        parsed = graph.parse(value if isinstance(value, dict) else {"steps": value})
    except NotAGraph:
        return
    reached, todo = set(), [parsed.first]
    while todo:
        key = todo.pop()
        if key is not None and key not in reached:
            reached.add(key)
            step = parsed.steps[key]
            todo += [step.yes, step.no] if step.kind in graph.BRANCHING else [step.next]
    assert reached == set(parsed.steps)


@given(MOMENTS, st.sampled_from(ZONES), st.times(), st.sets(st.integers(0, 6)), st.integers(0, 10), st.integers(0, 30))
def test_wait_ends_at_that_local_time_and_never_before_it_began(start, zone_name, clock, weekdays, days, hours):
    clock = clock.replace(second=0, microsecond=0)
    duration = timedelta(days=days, hours=hours)

    end = timing.wait_end(start, Wait(duration, clock, frozenset(weekdays)), zone_name=zone_name)

    assert end >= start
    assert end <= start + duration + timedelta(days=9)
    tz = ZoneInfo(zone_name) if zone_name in ZONES[:-1] else UTC
    local = end.astimezone(tz)
    skipped = datetime.combine(local.date(), clock, tz).astimezone(UTC).astimezone(tz).time() != clock
    assert local.time() == clock or skipped
    assert not weekdays or local.weekday() in weekdays or skipped


@pytest.mark.parametrize(
    ("zone_name", "start", "days", "expected"),
    [
        # Clocks go forward in the night: the day has 23 hours, 09:00 stays 09:00.
        ("Europe/London", datetime(2026, 3, 28, 9, 0), 1, datetime(2026, 3, 29, 8, 0)),
        ("America/New_York", datetime(2026, 3, 7, 14, 0), 1, datetime(2026, 3, 8, 13, 0)),
        # Clocks go back: the day has 25 hours.
        ("Europe/London", datetime(2026, 10, 24, 8, 0), 1, datetime(2026, 10, 25, 9, 0)),
        ("America/New_York", datetime(2026, 10, 31, 13, 0), 1, datetime(2026, 11, 1, 14, 0)),
        # Half an hour of daylight saving.
        ("Australia/Lord_Howe", datetime(2026, 4, 3, 22, 0), 1, datetime(2026, 4, 4, 22, 30)),
        # A quarter-hour zone without daylight saving, and the furthest east.
        ("Asia/Kathmandu", datetime(2026, 3, 28, 3, 15), 1, datetime(2026, 3, 29, 3, 15)),
        ("Pacific/Kiritimati", datetime(2026, 3, 28, 19, 0), 1, datetime(2026, 3, 29, 19, 0)),
    ],
)
def test_nine_in_the_morning_is_nine_also_across_a_clock_change(zone_name, start, days, expected):
    wait = Wait(timedelta(days=days), time(9, 0))

    end = timing.wait_end(start.replace(tzinfo=UTC), wait, zone_name=zone_name)

    assert end == expected.replace(tzinfo=UTC)
    assert end.astimezone(ZoneInfo(zone_name)).time() == time(9, 0)


def test_time_that_a_clock_change_skips_is_taken_an_hour_later():
    wait = Wait(timedelta(), time(1, 30))

    end = timing.wait_end(datetime(2026, 3, 28, 12, 0, tzinfo=UTC), wait, zone_name="Europe/London")

    assert end.astimezone(ZoneInfo("Europe/London")).time() == time(2, 30)


@pytest.mark.parametrize(
    "spec",
    [None, {}, {"kind": "event"}, {"kind": "event", "event": "x"}, {"kind": "date", "field": "password"},
     {"kind": "date", "field": "renews_on", "offset_days": 999}, {"kind": "event", "event": "a.b", "where": {"x": [1]}},
     {"kind": "event", "event": "a.b", "audience": 3}],
)  # fmt: skip
def test_entry_that_makes_no_sense_is_refused(spec):
    with pytest.raises(NotATrigger):
        Entry.of(spec)


def test_trigger_looks_at_the_properties():
    trigger = Trigger.of({"event": "segment.entered", "where": {"segment_id": 4}})

    assert trigger.fits("segment.entered", {"segment_id": 4, "segment": "Lapsed"})
    assert not trigger.fits("segment.entered", {"segment_id": 5})
    assert not trigger.fits("segment.left", {"segment_id": 4})


def test_goal_window_is_half_open(at):
    goal = Goal.of({"event": "order.placed", "within_days": 30})

    assert not goal.counts(at, entered_at=at)
    assert goal.counts(at + timedelta(days=30), entered_at=at)
    assert not goal.counts(at + timedelta(days=30, seconds=1), entered_at=at)


def test_lift_waits_for_enough_people():
    assert lift.lift(goals=50, entered=99, control_goals=5, control=200) is None
    assert lift.lift(goals=3, entered=500, control_goals=1, control=200) is None


def test_lift_gives_newcombes_interval():
    """Newcombe (1998), table II, method 10, contrast (a): 56/70 and 48/80 differ by 0.2, 95 % from 0.0524 to 0.3339."""
    found = lift.difference(goals=56, entered=70, control_goals=48, control=80)

    assert [round(value, 4) for value in (found.difference, found.low, found.high)] == [0.2, 0.0524, 0.3339]
    assert found.is_certain


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_recipes_are_complete(recipe):
    parsed = graph.parse({"steps": list(recipe.steps)})
    Entry.of(recipe.entry)
    Goal.of(recipe.goal)

    assert {step.key for step in parsed.steps.values() if step.kind == "send"} == set(recipe.mails)
    for mail in recipe.mails.values():
        for text in (mail.subject, mail.preheader, blocks.as_html(list(mail.blocks))):
            for variable in template.check(text):
                assert variable.has_fallback or variable.source in ("brand", "loyalty", "referral", "survey", "order"), (
                    variable
                )


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (Wait(timedelta(days=1)), "1 day"),
        (Wait(timedelta(days=3, hours=4)), "3 days and 4 hours"),
        (Wait(timedelta(days=3), time(10, 0)), "3 days, then until 10:00"),
        (Wait(timedelta(), time(9, 0), frozenset(range(5))), "Until 09:00 on a weekday"),
    ],
)
def test_waits_in_words(wait, text):
    assert words.wait(wait) == text
