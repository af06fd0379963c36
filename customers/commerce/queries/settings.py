"""How the account counts subscriptions."""

from customers.commerce.rules.mrr import Policy
from customers.enums import CancelCounts
from customers.models import CommerceSettings


def current() -> CommerceSettings:
    """The one row of settings; its defaults while nobody has saved any."""
    return CommerceSettings.objects.filter(pk=1).first() or CommerceSettings(pk=1)


def policy(settings: CommerceSettings | None = None) -> Policy:
    """The settings as the rules take them."""
    found = settings or current()
    return Policy(at_once=found.cancel_counts == CancelCounts.AT_ONCE, new_after_days=found.new_after_days)
