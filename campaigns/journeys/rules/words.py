"""Journeys in plain words: what starts them, what a step does."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from campaigns.journeys.enums import StepKind
from campaigns.journeys.rules.graph import Step, Wait
from campaigns.journeys.rules.triggers import Entry, EntryKind, Goal

ICONS = {
    StepKind.SEND: "mail",
    StepKind.WAIT: "clock",
    StepKind.WAIT_EVENT: "hourglass",
    StepKind.SPLIT: "split",
    StepKind.EFFECT: "gift",
    StepKind.EXIT: "log-out",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS = frozenset(range(5))
DATE_LABELS = {"renews_on": "renewal date", "born_on": "birthday"}


def count(number: int, noun: str) -> str:
    """`3 days`, `1 day`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(length: timedelta) -> str:
    """`3 days and 4 hours`."""
    hours = length.seconds // 3600
    parts = [count(length.days, "day")] * bool(length.days) + [count(hours, "hour")] * bool(hours)
    return " and ".join(parts)


def wait(pause: Wait) -> str:
    """`3 days, then until 10:00 on a weekday`."""
    words = duration(pause.duration)
    if pause.clock is None:
        return words
    until = f"until {pause.clock:%H:%M}"
    if pause.weekdays == WEEKDAYS:
        until += " on a weekday"
    elif pause.weekdays:
        until += " on " + " or ".join(DAYS[day] for day in sorted(pause.weekdays))
    return f"{words}, then {until}" if words else until.capitalize()


def event(name: str, labels: Mapping[str, str]) -> str:
    """The label of an event, its name where nobody registered it."""
    return labels.get(name, name)


def entry(start: Entry, *, labels: Mapping[str, str], segments: Mapping[int, str]) -> str:
    """`Enters the segment Lapsed`; `First order placed`; `30 days before the renewal date`."""
    if start.kind == EntryKind.DATE:
        date = DATE_LABELS.get(start.date_field, start.date_field)
        if not start.offset_days:
            return f"On the {date}"
        return f"{count(abs(start.offset_days), 'day')} {'before' if start.offset_days < 0 else 'after'} the {date}"
    trigger = start.trigger
    if trigger is None:
        return ""
    if trigger.event.startswith("segment."):
        verb = "Enters" if trigger.event == "segment.entered" else "Leaves"
        name = segments.get(_number(trigger.where.get("segment_id")))
        return f"{verb} the segment {name}" if name else f"{verb} a segment that is still to be chosen"
    label = event(trigger.event, labels)
    return f"{label}, for the first time" if start.first_only else label


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def goal(aim: Goal | None, labels: Mapping[str, str]) -> str:
    """`Order placed within 45 days`."""
    return f"{event(aim.trigger.event, labels)} within {count(aim.within_days, 'day')}" if aim else ""


def step(one: Step, labels: Mapping[str, str]) -> str:
    """The second line of a card."""
    if one.kind == StepKind.WAIT and one.wait:
        return wait(one.wait)
    if one.kind == StepKind.WAIT_EVENT and one.wait and one.trigger:
        return f"{event(one.trigger.event, labels)}, for at most {duration(one.wait.duration)}"
    return ""
