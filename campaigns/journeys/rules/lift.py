"""What a journey added: goal rates of those who walked it against those held out."""

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959964
FEWEST_PEOPLE = 100
FEWEST_GOALS = 5


@dataclass(frozen=True, slots=True)
class Lift:
    """Difference of two rates in percentage points (as fractions) with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """The interval does not hold zero."""
        return self.low > 0 or self.high < 0


def wilson(successes: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion, 95 % (Wilson 1927)."""
    rate, spread = successes / total, Z_95 * Z_95 / total
    middle = rate + spread / 2
    width = Z_95 * sqrt(rate * (1 - rate) / total + spread / (4 * total))
    return max(0.0, (middle - width) / (1 + spread)), min(1.0, (middle + width) / (1 + spread))


def lift(*, goals: int, entered: int, control_goals: int, control: int) -> Lift | None:
    """Rate of those inside minus rate of those held out; None while there is not enough to say anything.

    Enough is 100 people on each side and five goals in all.
    """
    if min(entered, control) < FEWEST_PEOPLE or goals + control_goals < FEWEST_GOALS:
        return None
    return difference(goals=goals, entered=entered, control_goals=control_goals, control=control)


def difference(*, goals: int, entered: int, control_goals: int, control: int) -> Lift:
    """Difference of two proportions; its interval joins the two Wilson intervals (Newcombe 1998, method 10)."""
    inside, outside = goals / entered, control_goals / control
    low_in, high_in = wilson(goals, entered)
    low_out, high_out = wilson(control_goals, control)
    middle = inside - outside
    low = middle - sqrt((inside - low_in) ** 2 + (high_out - outside) ** 2)
    high = middle + sqrt((high_in - inside) ** 2 + (outside - low_out) ** 2)
    return Lift(middle, low, high)
