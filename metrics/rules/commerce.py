"""Formulas of orders and customers. Rates are fractions (0.25 is 25 %); None means "no base to divide by"."""

from dataclasses import dataclass


def ratio(numerator: float, denominator: float) -> float | None:
    """A rate with its base; None when there is none. Never zero for want of data."""
    return numerator / denominator if denominator else None


def aov(revenue_minor: int, orders: int) -> float | None:
    """Average order value in minor units: revenue / orders.

    Revenue is what was paid when the order was placed, net of discounts and before refunds; orders are paid, not cancelled
    and above zero (Shopify's definition since 2023-01-09, changelog.shopify.com).
    """
    return ratio(revenue_minor, orders)


def repeat_rate(repeat_customers: int, customers: int) -> float | None:
    """Customers with two orders or more / customers with one or more, over all their orders so far.

    Not Shopify's "returning customer rate", which looks at the customers of a period.
    """
    return ratio(repeat_customers, customers)


def change(now: float | None, before: float | None) -> float | None:
    """Relative change from the period before; None when there was nothing to compare with."""
    if now is None or before is None or before == 0:
        return None
    return (now - before) / abs(before)


class DoesNotAddUp(ValueError):
    """A roll-forward identity is broken: the figures contradict each other."""


@dataclass(frozen=True, slots=True)
class ChurnMonth:
    """Point-to-point inactivity churn of one month (non-contractual: nobody cancels, people stop buying).

    `active` at a moment: bought within the last 90 days. `churned`: active at the start, not at the end.
    """

    start: int
    churned: int
    new: int
    reactivated: int
    end: int

    def __post_init__(self) -> None:
        if (
            self.start - self.churned + self.new + self.reactivated != self.end
            or min(self.start, self.churned, self.new, self.reactivated, self.end) < 0
        ):
            raise DoesNotAddUp(f"{self.start} - {self.churned} + {self.new} + {self.reactivated} is not {self.end}")

    @property
    def rate(self) -> float | None:
        """Churned / active at the start; retention of the same base is one minus it."""
        return ratio(self.churned, self.start)
