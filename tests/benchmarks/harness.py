"""What the benchmarks share: rounds that alternate ours and the limit, medians, one table at the end.

Absolute figures move with the machine by up to two times within an hour; only ratios of one run mean anything.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: figures in units per second (or seconds), and the goal as it stands in the issue."""

    name: str
    ours: float
    limit: float | None
    unit: str
    goal: str
    passed: bool


@dataclass(slots=True)
class Report:
    """Collects lines; `show()` prints them."""

    lines: list[Line] = field(default_factory=list)

    def add(self, name: str, ours: float, limit: float | None, *, unit: str, goal: str, passed: bool) -> None:
        self.lines.append(Line(name, ours, limit, unit, goal, passed))
        print(_row(self.lines[-1]), flush=True)

    def show(self) -> bool:
        print(f"\n{'work':58} {'ours':>12} {'limit':>12} {'ratio':>7}  unit        goal")
        for line in self.lines:
            print(_row(line))
        return all(line.passed for line in self.lines)


def _row(line: Line) -> str:
    limit = f"{line.limit:12,.1f}" if line.limit is not None else f"{'–':>12}"
    ratio = f"{line.ours / line.limit:7.2f}" if line.limit else f"{'–':>7}"
    verdict = "met" if line.passed else "NOT MET"
    return f"{line.name:58} {line.ours:12,.1f} {limit} {ratio}  {line.unit:10}  {line.goal}: {verdict}"


def alternate(ours: Callable[[int], float], limit: Callable[[int], float], *, rounds: int = 5) -> tuple[float, float]:
    """Run both `rounds` times in turn, each returning its rate for round n; the medians."""
    mine, theirs = [], []
    for number in range(rounds):
        mine.append(ours(number))
        theirs.append(limit(number))
    return statistics.median(mine), statistics.median(theirs)


def rate(count: int, work: Callable[[], object]) -> float:
    """How many of `count` things per second `work` does."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)
