"""What a journey's steps mean: JSON tree in, flat steps with their followers out.

A graph is `{"steps": [...]}`. Every step has `key`, `kind` and `name`; a branching step (`wait_event`, `split`) holds two
further lists, `then` and `otherwise`, and both sides come together again at the step that follows it. Because steps
follow from their place in the tree, no step can be left without a way in.

kind         further members
send         content (id of the e-mail's content)
wait         days, hours, at ("09:00" in the customer's time zone, or ""), weekdays (0 is Monday; none means any)
wait_event   event, where, days, hours; then: it happened; otherwise: time ran out
split        definition (the language of segments); then: it matches; otherwise: it does not
effect       effect (key of the port), params
exit         nothing; ends the run
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from campaigns.journeys.enums import StepKind
from campaigns.journeys.rules.triggers import NotATrigger, Trigger

KEY = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
MOST_STEPS = 200
MOST_DEPTH = 8
MOST_DAYS = 730
BRANCHING = frozenset({StepKind.WAIT_EVENT, StepKind.SPLIT})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a graph or in a journey's settings that must be put right, with the step it concerns."""

    path: str
    text: str


class NotAGraph(ValueError):
    """The JSON is no graph; `problems` says all that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.text}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a wait lasts: a duration, then, when `clock` is set, on to that time of day on one of `weekdays`."""

    duration: timedelta
    clock: time | None = None
    weekdays: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `next` is the key of the step after it, None the end; a branching step goes to `yes` or `no` instead."""

    key: str
    kind: StepKind
    name: str
    position: int
    next: str | None = None
    yes: str | None = None
    no: str | None = None
    wait: Wait | None = None
    trigger: Trigger | None = None
    content: int | None = None
    definition: Mapping[str, Any] = field(default_factory=dict)
    effect: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps by key in reading order; `first` is where people start, None for a journey without steps."""

    first: str | None
    steps: Mapping[str, Step]


def parse(graph: object) -> Graph:
    """Read the JSON of a version. Raises `NotAGraph` with every problem found, each with its path."""
    reader = _Reader()
    steps = graph.get("steps") if isinstance(graph, Mapping) else None
    if not isinstance(steps, list):
        raise NotAGraph([Problem("steps", "is missing or is not a list")])
    first = reader.read_list(steps, path="steps", follower=None, depth=0)
    if reader.problems:
        raise NotAGraph(reader.problems)
    return Graph(first, dict(sorted(reader.steps.items(), key=lambda item: item[1].position)))


class _Reader:
    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def complain(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))

    def read_list(self, steps: list[Any], *, path: str, follower: str | None, depth: int) -> str | None:
        """Read a list whose end leads to `follower`; returns the key it starts with, `follower` when it is empty."""
        if depth > MOST_DEPTH:
            self.complain(path, f"is nested more than {MOST_DEPTH} deep")
            return follower
        if self.count + len(steps) > MOST_STEPS:
            self.complain(path, f"a journey has at most {MOST_STEPS} steps")
            return follower
        keys = [step.get("key") if isinstance(step, Mapping) else None for step in steps]
        for index, step in enumerate(steps):
            here = f"{path}[{index}]"
            after = keys[index + 1] if index + 1 < len(steps) else follower
            if isinstance(step, Mapping):
                if index + 1 < len(steps) and always_ends(step):
                    self.complain(f"{path}[{index + 1}]", "is never reached: everybody has left before it")
                self.read_step(step, path=here, after=after if isinstance(after, str) else None, depth=depth)
            else:
                self.complain(here, "is not a step")
        return keys[0] if keys and isinstance(keys[0], str) else follower

    def read_step(self, step: Mapping[str, Any], *, path: str, after: str | None, depth: int) -> None:
        key, name = step.get("key"), step.get("name")
        position, self.count = self.count, self.count + 1
        if not isinstance(key, str) or not KEY.match(key):
            return self.complain(path, "has no key of small letters, digits and dashes")
        if key in self.steps:
            return self.complain(path, f"has the same key as another step: {key}")
        if not isinstance(name, str) or not name.strip() or len(name) > 120:
            self.complain(path, "has no name of at most 120 characters")
            name = key
        try:
            kind = StepKind(str(step.get("kind")))
        except ValueError:
            return self.complain(path, f"has an unknown kind: {str(step.get('kind'))[:40]!r}")
        self.steps[key] = Step(key, kind, name, position)  # holds the key while branches are read
        yes = no = None
        if kind in BRANCHING:
            yes, no = (
                self.read_side(step.get(side), path=f"{path}.{side}", follower=after, depth=depth)
                for side in ("then", "otherwise")
            )
        self.steps[key] = Step(
            key=key,
            kind=kind,
            name=name,
            position=position,
            next=None if kind == StepKind.EXIT else after,
            yes=yes,
            no=no,
            **self.members(kind, step, path),
        )
        return None

    def read_side(self, side: object, *, path: str, follower: str | None, depth: int) -> str | None:
        if side is None:
            return follower
        if not isinstance(side, list):
            self.complain(path, "is not a list of steps")
            return follower
        return self.read_list(side, path=path, follower=follower, depth=depth + 1)

    def members(self, kind: StepKind, step: Mapping[str, Any], path: str) -> dict[str, Any]:
        if kind == StepKind.SEND:
            content = step.get("content")
            if content is not None and (not isinstance(content, int) or isinstance(content, bool) or content < 1):
                self.complain(path, "names no content")
                content = None
            return {"content": content}
        if kind == StepKind.WAIT:
            return {"wait": self.read_wait(step, path)}
        if kind == StepKind.WAIT_EVENT:
            wait = self.read_wait({**step, "at": "", "weekdays": []}, path)
            try:
                trigger = Trigger.of(step)
            except NotATrigger as error:
                self.complain(path, str(error))
                return {"wait": wait}
            return {"wait": wait, "trigger": trigger}
        if kind == StepKind.SPLIT:
            definition = step.get("definition")
            if not isinstance(definition, Mapping) or not definition:
                self.complain(path, "has no condition")
                return {}
            return {"definition": definition}
        if kind == StepKind.EFFECT:
            effect, params = step.get("effect"), step.get("params", {})
            if not isinstance(effect, str) or not effect:
                self.complain(path, "does not say what to do")
                return {}
            if not isinstance(params, Mapping):
                self.complain(path, "has no settings")
                return {}
            return {"effect": effect, "params": params}
        return {}

    def read_wait(self, step: Mapping[str, Any], path: str) -> Wait | None:
        days, hours = step.get("days", 0), step.get("hours", 0)
        if not _is_count(days, MOST_DAYS) or not _is_count(hours, 24 * MOST_DAYS):
            self.complain(path, f"waits for a number of days (at most {MOST_DAYS}) and hours")
            return None
        clock_text, weekdays = step.get("at") or "", step.get("weekdays") or []
        match = CLOCK.match(clock_text) if isinstance(clock_text, str) else None
        if clock_text and not match:
            self.complain(path, "has a time of day that is not like 09:00")
            return None
        if not isinstance(weekdays, list) or not all(_is_count(day, 6) for day in weekdays):
            self.complain(path, "has weekdays that are not numbers from 0 (Monday) to 6")
            return None
        if weekdays and not match:
            self.complain(path, "has weekdays but no time of day")
            return None
        if not days and not hours and not match:
            self.complain(path, "waits for no time at all")
            return None
        clock = time(int(match[1]), int(match[2])) if match else None
        return Wait(timedelta(days=days, hours=hours), clock, frozenset(weekdays))


def always_ends(step: Mapping[str, Any]) -> bool:
    """Whether nobody comes out of this step: an exit, or a branch both sides of which end in one."""
    if step.get("kind") == StepKind.EXIT:
        return True
    if str(step.get("kind")) in BRANCHING:
        sides = [step.get("then"), step.get("otherwise")]
        return all(
            isinstance(side, list) and any(isinstance(s, Mapping) and always_ends(s) for s in side) for side in sides
        )
    return False


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def find(graph: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """The step of this key in the JSON tree, to be changed in place; None when there is none."""

    def search(steps: object) -> dict[str, Any] | None:
        for step in steps if isinstance(steps, list) else []:
            if step.get("key") == key:
                return step
            found = search(step.get("then")) or search(step.get("otherwise"))
            if found is not None:
                return found
        return None

    return search(graph.get("steps"))
