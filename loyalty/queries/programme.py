"""The programme and its tiers, as rules and pages read them."""

from config.kit.money import exponent
from loyalty.enums import TierMetric
from loyalty.models import EarningRule, Programme, Tier
from loyalty.rules.tiers import Level


def current() -> Programme:
    """The one programme row, or an unsaved one that is not running."""
    return Programme.objects.filter(pk=1).first() or Programme()


def levels() -> list[Level]:
    """The tiers as the rules see them, lowest first."""
    rows = Tier.objects.order_by("threshold").values_list("id", "name", "threshold", "multiplier_percent")
    return [Level(*row) for row in rows]


def rule() -> EarningRule | None:
    """The rule by which orders earn now."""
    return EarningRule.objects.filter(is_active=True).first()


def metric_unit(programme: Programme | None = None) -> int:
    """How many of the tier metric's units make one that people speak of: 100 for pence, 1 for points."""
    programme = programme or current()
    return 10 ** exponent(programme.currency) if programme.tier_metric == TierMetric.NET_SPEND else 1
