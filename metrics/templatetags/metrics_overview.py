"""`{% load metrics_overview %}{% metrics_overview %}`: the roll-up as tiles and charts."""

from datetime import timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _

from config.kit.clock import local_day, now
from customers.queries import brand
from metrics.queries import figures, show
from metrics.rules.periods import named

register = template.Library()


@register.inclusion_tag("metrics/partials/overview.html")
def metrics_overview() -> dict[str, Any]:
    """Revenue, orders, customers, messages and NPS of the last 90 days; three queries."""
    current = brand.current()
    period = named("90d", last=local_day(now(), current.timezone) - timedelta(days=1))
    metrics = ("revenue", "orders", "active_customers", "new_customers", "sends", "opens", "clicks", "nps")
    daily = figures.daily(metrics, first=period.before.first, last=period.last)
    known, hint = daily.has(period.before), _("90 days, against the 90 before")
    tiles = [
        show.tile(
            metric,
            daily.value(metric, period),
            daily.value(metric, period.before) if known else None,
            currency=current.currency,
            hint=hint,
            icon=icon,
            short=metric == "revenue",
        )
        for metric, icon in (
            ("revenue", "banknote"),
            ("orders", "shopping-bag"),
            ("active_customers", "users"),
            ("new_customers", "user-plus"),
            ("sends", "send"),
            ("opens", "mail-open"),
            ("clicks", "mouse-pointer-click"),
        )
    ]
    tiles.append(show.nps_tile(daily, period))
    matrix = figures.cohorts(latest=13)
    return {
        "is_rolled_up": bool(daily.dates),
        "tiles": tiles,
        "charts": [
            show.chart(
                "overview-revenue", _("Revenue"), ["revenue"], daily, period, kind="area", currency=current.currency
            ),
            show.chart("overview-orders", _("Orders"), ["orders"], daily, period, kind="bar"),
            show.chart("overview-active", _("Active customers"), ["active_customers"], daily, period),
            show.chart("overview-messages", _("Messages"), ["sends", "opens", "clicks"], daily, period, kind="bar"),
        ],
        "heatmap": show.cohort_heatmap(matrix, view="percent", currency=current.currency) if matrix.months else None,
    }
