"""Tables of the loyalty programme."""

from loyalty.models.ledger import Account, Allocation, Entry, Lot, Redemption, TierChange
from loyalty.models.programme import EarningRule, Programme, Reward, Tier

__all__ = [
    "Account",
    "Allocation",
    "EarningRule",
    "Entry",
    "Lot",
    "Programme",
    "Redemption",
    "Reward",
    "Tier",
    "TierChange",
]
