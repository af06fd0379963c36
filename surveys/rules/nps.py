"""Net Promoter Score: bands, score, interval, change, sample size.

NPS = 100 x (promoters - detractors) / answers, with 9-10 promoters, 7-8 passives, 0-6 detractors (Reichheld 2003;
passives count in the answers). The interval is the adjusted Wald of Rocks (2016), which keeps 95 % coverage at n = 10
where the plain one falls to 88 %: add 3/4 to promoters and to detractors, and 3 to the answers.
"""

from dataclasses import dataclass
from math import ceil, sqrt

Z95 = 1.96
MINIMUM = 30  # below it no score is shown
GROUP_MINIMUM = 10  # below it a group's score is hidden
VARIANCE = 0.61  # p + d - s^2 of a usual score, for planning


def band_of(score: int) -> str:
    """ "detractor", "passive" or "promoter" for a score from 0 to 10; raises `ValueError` for any other number."""
    if not 0 <= score <= 10:
        raise ValueError(f"a score goes from 0 to 10, not {score}")
    return "detractor" if score <= 6 else "passive" if score <= 8 else "promoter"


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers by band."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    @property
    def total(self) -> int:
        return self.promoters + self.passives + self.detractors


def counts_of(by_band: dict[str, int]) -> Counts:
    """Counts from answers by name of the band."""
    return Counts(by_band.get("promoter", 0), by_band.get("passive", 0), by_band.get("detractor", 0))


def nps(counts: Counts) -> float | None:
    """The score, -100 to 100; None without answers."""
    return 100 * (counts.promoters - counts.detractors) / counts.total if counts.total else None


def _adjusted(counts: Counts) -> tuple[float, float]:
    n = counts.total + 3
    promoters, detractors = (counts.promoters + 0.75) / n, (counts.detractors + 0.75) / n
    score = promoters - detractors
    return score, sqrt((promoters + detractors - score * score) / n)


def interval(counts: Counts, *, population: int | None = None) -> tuple[float, float] | None:
    """The 95 % interval of the score, within -100 and 100; None without answers.

    `population`: everybody who could have been asked; the interval narrows by the finite population correction.
    """
    if not counts.total:
        return None
    score, error = _adjusted(counts)
    if population is not None and population > 1:
        error *= sqrt(max(population - counts.total, 0) / (population - 1))
    return max(100 * (score - Z95 * error), -100.0), min(100 * (score + Z95 * error), 100.0)


def plain_error(counts: Counts) -> float | None:
    """The plain standard error in points, sqrt(((P + D) / n - NPS^2) / n), as many reports print it."""
    if not counts.total:
        return None
    score = (counts.promoters - counts.detractors) / counts.total
    return 100 * sqrt(((counts.promoters + counts.detractors) / counts.total - score * score) / counts.total)


@dataclass(frozen=True, slots=True)
class Change:
    """Difference of two scores in points, and whether it is more than chance (two-sided, 95 %)."""

    points: float
    z: float
    is_significant: bool


def change(before: Counts, after: Counts) -> Change | None:
    """From one period to the next: z = (s1 - s2) / sqrt(SE1^2 + SE2^2); None when a period has too few answers."""
    if before.total < GROUP_MINIMUM or after.total < GROUP_MINIMUM:
        return None
    old, new = nps(before), nps(after)
    (score_before, error_before), (score_after, error_after) = _adjusted(before), _adjusted(after)
    z = (score_after - score_before) / sqrt(error_before**2 + error_after**2)
    return Change(float(new or 0) - float(old or 0), z, abs(z) > Z95)


def sample_size(margin: float, *, variance: float = VARIANCE) -> int:
    """Answers needed for an interval of plus or minus `margin` points."""
    if margin <= 0:
        raise ValueError("the margin must be positive")
    return max(ceil(Z95**2 * variance / (margin / 100) ** 2 - 3), 1)
