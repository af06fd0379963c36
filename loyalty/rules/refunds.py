"""How many points a refund takes back."""


def target(points: int, basis_minor: int, refunded_minor: int) -> int:
    """Points that an order of `basis_minor` which earned `points` should still be worth after refunds.

    round(points x (basis - refunded) / basis), half up, in whole numbers. `refunded_minor` is the sum of all refunds of
    the order, so their order does not matter; more than the basis counts as the basis.
    """
    if basis_minor <= 0 or points <= 0:
        return 0 if points > 0 else points
    kept = basis_minor - min(max(refunded_minor, 0), basis_minor)
    return (2 * points * kept + basis_minor) // (2 * basis_minor)


def due(points: int, basis_minor: int, refunded_minor: int, clawed_back: int) -> int:
    """Points to take back now: what the order should have lost less what it lost already, never negative."""
    return max(0, points - clawed_back - target(points, basis_minor, refunded_minor))
