"""Choices of the loyalty programme."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EntryKind(TextChoices):
    EARN_ORDER = "earn_order", _("Earned with an order")
    BONUS = "bonus", _("Bonus")
    MANUAL_CREDIT = "manual_credit", _("Added by staff")
    REDEEM = "redeem", _("Redeemed")
    REDEEM_ROLLBACK = "redeem_rollback", _("Redemption returned")
    CLAWBACK = "clawback", _("Taken back after a refund")
    REVERSAL = "reversal", _("Bonus taken back")
    EXPIRE = "expire", _("Expired")
    MANUAL_DEBIT = "manual_debit", _("Removed by staff")
    TRANSFER_OUT = "transfer_out", _("Moved to another account")
    TRANSFER_IN = "transfer_in", _("Moved from another account")


class Rounding(TextChoices):
    FLOOR = "floor", _("Down to whole points")
    NEAREST = "nearest", _("To the nearest point")


class TierMetric(TextChoices):
    NET_SPEND = "net_spend", _("Money spent, less refunds")
    POINTS_EARNED = "points_earned", _("Points earned with orders, less refunds")


class TierWindow(TextChoices):
    ROLLING = "rolling_12m", _("The last 12 months")
    CALENDAR_YEAR = "calendar_year", _("The calendar year")
    LIFETIME = "lifetime", _("All time")


class Downgrade(TextChoices):
    TO_QUALIFIED = "to_qualified", _("To the tier that was reached")
    ONE_DOWN = "one_down", _("One tier down")
    NEVER = "never", _("Never")


class ClawbackPolicy(TextChoices):
    UNLIMITED = "unlimited", _("Take all of them, the balance may fall below zero")
    WITHIN_BALANCE = "within_balance", _("Take what is there, never below zero")
    ONLY_PENDING = "only_pending", _("Take only points of that order that are still pending")


class TierCause(TextChoices):
    JOINED = "joined", _("Joined")
    REACHED = "reached", _("Reached the threshold")
    PERIOD_END = "period_end", _("Period ended below the threshold")
    REFUND = "refund", _("Order was refunded soon after")
    RULES_CHANGED = "rules_changed", _("Tier rules were changed")
    MERGED = "merged", _("Accounts were merged")


class AlignScope(TextChoices):
    NONE = "", _("Nothing waits")
    UP = "up", _("Raise members who now qualify")
    BOTH = "both", _("Raise and lower members")


class RewardKind(TextChoices):
    AMOUNT_OFF = "amount_off", _("Amount off")
    PERCENT_OFF = "percent_off", _("Percentage off")
    FREE_SHIPPING = "free_shipping", _("Free delivery")


class RedemptionState(TextChoices):
    ISSUED = "issued", _("Ready to use")
    USED = "used", _("Used")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
