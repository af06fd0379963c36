"""What every figure means: one entry per metric, shown beside the figure and in docs/metrics.md.

`kind` says how a period's figure comes from days: "sum" adds the numerators; "ratio" divides the sum of numerators by
the sum of denominators; "level" is the figure at the end of the period; "month" exists per month only.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.kit.registry import Registry

Text = str | Promise
Unit = Literal["count", "money", "percent", "score"]
Kind = Literal["sum", "ratio", "level", "month"]
SHOPIFY = "Shopify, changelog 2023-01-09"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric in words. A change of meaning raises `version`: facts keep the version they were computed by."""

    key: str
    label: Text
    formula: Text
    unit: Unit
    kind: Kind
    better: Literal["up", "down", ""]
    numerator: Text = ""
    denominator: Text = ""
    source: Text = ""
    parts: tuple[str, str] | None = None
    version: int = 1


registry: Registry[Definition] = Registry("definitions", key=lambda item: item.key)
get, has, all = registry.get, registry.has, registry.all

_ORDER = _("An order counts when it is paid, above zero and not cancelled.")
_LASTING = _("An order that was refunded in full does not count.")

for definition in [
    Definition(
        "orders", _("Orders"), _("Orders placed on the day, as placed."), "count", "sum", "up", _("orders"), source=_ORDER
    ),
    Definition(
        "revenue",
        _("Revenue"),
        _("What was paid for the orders when they were placed, net of discounts, before refunds."),
        "money",
        "sum",
        "up",
        _("order totals"),
        source=SHOPIFY,
    ),
    Definition(
        "refunds", _("Refunds"), _("Money given back, on the day it was given."), "money", "sum", "down", _("refunds")
    ),
    Definition(
        "net_revenue",
        _("Net revenue"),
        _("Revenue less refunds, each on its own day."),
        "money",
        "sum",
        "up",
        _("order totals less refunds"),
    ),
    Definition(
        "aov",
        _("Average order value"),
        _("Revenue divided by orders, as placed."),
        "money",
        "ratio",
        "up",
        _("revenue"),
        _("orders"),
        SHOPIFY,
        ("revenue", "orders"),
    ),
    Definition(
        "new_customers",
        _("New customers"),
        _("Customers whose first order fell on the day."),
        "count",
        "sum",
        "up",
        _("first orders"),
        source=_LASTING,
    ),
    Definition(
        "repeat_customers",
        _("First repeat orders"),
        _("Customers who reached their second order on the day."),
        "count",
        "sum",
        "up",
        _("second orders"),
        source=_LASTING,
    ),
    Definition(
        "repeat_rate",
        _("Repeat rate"),
        _("Customers with two orders or more, divided by customers with at least one, over all time up to the day."),
        "percent",
        "level",
        "up",
        _("customers with 2+ orders"),
        _("customers with 1+ orders"),
        _("Lifetime figure; not Shopify’s returning customer rate."),
        ("repeat_customers", "new_customers"),
    ),
    Definition(
        "active_customers",
        _("Active customers"),
        _("Customers who ordered within the last 90 days."),
        "count",
        "level",
        "up",
        _("customers with an order in 90 days"),
        source=_LASTING,
    ),
    Definition(
        "buyers_28d",
        _("Buyers in 28 days"),
        _("Different customers who ordered within the last 28 days."),
        "count",
        "level",
        "up",
        _("customers with an order in 28 days"),
        source=_LASTING,
    ),
    Definition(
        "buyers",
        _("Buyers on the day"),
        _("Different customers who ordered on one day. Days cannot be added up."),
        "count",
        "level",
        "up",
        _("customers"),
    ),
    Definition(
        "lapsed",
        _("Lapsed customers"),
        _("Customers whose last order became 90 days old on the day, without another one."),
        "count",
        "sum",
        "down",
        _("customers"),
    ),
    Definition(
        "reactivated",
        _("Reactivated customers"),
        _("Customers who ordered again after more than 90 days."),
        "count",
        "sum",
        "up",
        _("customers"),
    ),
    Definition(
        "churn",
        _("Churn"),
        _(
            "Customers active at the end of the month before and no longer at the end of this one, divided by those active "
            "at the start. Active means an order within 90 days."
        ),
        "percent",
        "month",
        "down",
        _("churned customers"),
        _("active at the start"),
        _("Non-contractual churn, point to point; start - churned + new + reactivated = end."),
    ),
    Definition(
        "monthly_buyers",
        _("Buyers of the month"),
        _("Different customers who ordered in the calendar month."),
        "count",
        "month",
        "up",
        _("customers"),
    ),
    Definition(
        "retention",
        _("Retention"),
        _(
            "Of the customers whose first order fell into a month, those who ordered again in the k-th month after; the "
            "summary weights by size and leaves out months that are not over."
        ),
        "percent",
        "month",
        "up",
        _("customers who bought in that month"),
        _("customers of the cohort"),
        _("Exact retention by calendar month."),
    ),
    Definition(
        "customers_created",
        _("Customers added"),
        _("Customer records created on the day."),
        "count",
        "sum",
        "up",
        _("customers"),
    ),
    Definition(
        "subscribed", _("Consents given"), _("Times a customer said yes to a topic."), "count", "sum", "up", _("consents")
    ),
    Definition(
        "unsubscribed",
        _("Consents withdrawn"),
        _("Times a customer withdrew a consent."),
        "count",
        "sum",
        "down",
        _("withdrawals"),
    ),
    Definition(
        "sends", _("Messages sent"), _("Messages that the mail server accepted."), "count", "sum", "", _("messages")
    ),
    Definition(
        "delivered", _("Delivered"), _("Messages sent that did not bounce."), "count", "sum", "up", _("sent less bounced")
    ),
    Definition(
        "opens",
        _("Opened"),
        _("Messages that a person opened for the first time on the day; scanners and mail proxies do not count."),
        "count",
        "sum",
        "up",
        _("messages"),
    ),
    Definition(
        "clicks",
        _("Clicked"),
        _("Messages in which a person clicked for the first time on the day."),
        "count",
        "sum",
        "up",
        _("messages"),
    ),
    Definition("bounces", _("Bounced"), _("Messages that came back."), "count", "sum", "down", _("messages")),
    Definition("complaints", _("Spam reports"), _("Messages reported as spam."), "count", "sum", "down", _("messages")),
    Definition(
        "unsubscribes",
        _("Unsubscribed by message"),
        _("Messages by which a person unsubscribed."),
        "count",
        "sum",
        "down",
        _("messages"),
    ),
    Definition(
        "open_rate",
        _("Open rate"),
        _("Messages opened by a person, divided by messages delivered."),
        "percent",
        "ratio",
        "up",
        _("opened"),
        _("delivered"),
        _("Machine opens such as Apple’s mail privacy proxy are left out."),
        ("opens", "delivered"),
    ),
    Definition(
        "click_rate",
        _("Click rate"),
        _("Messages clicked by a person, divided by messages delivered."),
        "percent",
        "ratio",
        "up",
        _("clicked"),
        _("delivered"),
        "",
        ("clicks", "delivered"),
    ),
    Definition(
        "bounce_rate",
        _("Bounce rate"),
        _("Messages that came back, divided by messages sent."),
        "percent",
        "ratio",
        "down",
        _("bounced"),
        _("sent"),
        "",
        ("bounces", "sends"),
    ),
    Definition(
        "complaint_rate",
        _("Spam report rate"),
        _("Messages reported as spam, divided by messages delivered."),
        "percent",
        "ratio",
        "down",
        _("spam reports"),
        _("delivered"),
        _("Gmail and Yahoo want it below 0.1 % and block above 0.3 %."),
        ("complaints", "delivered"),
    ),
    Definition(
        "unsubscribe_rate",
        _("Unsubscribe rate"),
        _("Messages by which a person unsubscribed, divided by delivered."),
        "percent",
        "ratio",
        "down",
        _("unsubscribed"),
        _("delivered"),
        "",
        ("unsubscribes", "delivered"),
    ),
    Definition("nps_promoters", _("Promoters"), _("Answers of 9 or 10."), "count", "sum", "up", _("answers")),
    Definition("nps_passives", _("Passives"), _("Answers of 7 or 8."), "count", "sum", "", _("answers")),
    Definition("nps_detractors", _("Detractors"), _("Answers from 0 to 6."), "count", "sum", "down", _("answers")),
    Definition(
        "nps",
        _("Net Promoter Score"),
        _(
            "Promoters less detractors, per hundred answers, passives included in the answers. Only answers that a person "
            "confirmed count."
        ),
        "score",
        "ratio",
        "up",
        _("promoters less detractors"),
        _("answers"),
        _("Reichheld 2003; 95 % interval by Rocks 2016; no score below 30 answers."),
    ),
    Definition(
        "points_earned", _("Times points were earned"), _("Bookings of points earned."), "count", "sum", "up", _("bookings")
    ),
    Definition(
        "points_redeemed",
        _("Times points were redeemed"),
        _("Bookings of points redeemed."),
        "count",
        "sum",
        "up",
        _("bookings"),
    ),
    Definition(
        "referrals_claimed",
        _("Referral offers claimed"),
        _("Friends who claimed a referral offer."),
        "count",
        "sum",
        "up",
        _("friends"),
    ),
    Definition(
        "referrals_qualified",
        _("Friends who ordered"),
        _("Referred friends whose first order qualified."),
        "count",
        "sum",
        "up",
        _("friends"),
    ),
]:
    registry.register(definition)
