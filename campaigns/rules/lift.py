"""What a programme earned beyond what would have come anyway, with its uncertainty."""

from dataclasses import dataclass
from math import sqrt

ENOUGH = 30
Z = 1.959964  # 95 %, normal approximation of Welch's interval


@dataclass(frozen=True, slots=True)
class Group:
    """People of one arm: how many, how many bought, revenue in minor units and the sum of its squares."""

    people: int
    buyers: int
    revenue: int
    revenue_squares: float

    @property
    def per_person(self) -> float:
        return self.revenue / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Sample variance of revenue per person."""
        if self.people < 2:
            return 0.0
        return max((self.revenue_squares - self.people * self.per_person**2) / (self.people - 1), 0.0)


@dataclass(frozen=True, slots=True)
class Lift:
    """Revenue per person beyond the holdout's (minor units), with a 95 % interval, and the sum over everybody reached."""

    per_person: float
    low: float
    high: float
    total: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def lift(reached: Group, held_out: Group) -> Lift | None:
    """Difference of means with Welch's interval; None while one of the groups has fewer than 30 people."""
    if held_out.people < ENOUGH or reached.people < ENOUGH:
        return None
    difference = reached.per_person - held_out.per_person
    error = Z * sqrt(reached.variance / reached.people + held_out.variance / held_out.people)
    return Lift(difference, difference - error, difference + error, difference * reached.people)
