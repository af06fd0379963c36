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
    Definition(
        "mrr",
        _("MRR"),
        _("Price of a month of every subscription that is active or has a payment overdue, without tax, at the end."),
        "money",
        "month",
        "up",
        _("MRR of subscriptions"),
        source=_("Trials, free and paused subscriptions count 0; one-off payments and refunds do not count."),
    ),
    Definition(
        "mrr_customers",
        _("Subscribers"),
        _("Customers with MRR, or with a paused subscription that had some."),
        "count",
        "month",
        "up",
        _("customers"),
    ),
    Definition(
        "arpa",
        _("ARPA"),
        _("MRR divided by subscribers, at the end."),
        "money",
        "month",
        "up",
        _("MRR"),
        _("subscribers"),
    ),
    Definition(
        "grr",
        _("Gross revenue retention"),
        _("What the customers of the start still pay, each at most what they paid then, divided by what they paid then."),
        "percent",
        "month",
        "up",
        _("MRR kept, capped per customer"),
        _("MRR of the start"),
        _("Cohort, point to point; never above 100 %."),
    ),
    Definition(
        "nrr",
        _("Net revenue retention"),
        _("What the customers of the start pay at the end, divided by what they paid at the start. New ones are left out."),
        "percent",
        "month",
        "up",
        _("MRR of the same customers at the end"),
        _("MRR of the start"),
        _("Cohort, point to point; not 1 less net MRR churn."),
    ),
    Definition(
        "customer_churn",
        _("Subscriber churn"),
        _("Subscribers of the start who are none at the end, divided by subscribers of the start."),
        "percent",
        "month",
        "down",
        _("lost subscribers"),
        _("subscribers of the start"),
        _("Point to point, as ChartMogul’s standard: who left and came back is not lost. A pause is no loss."),
    ),
    Definition(
        "mrr_gross_churn",
        _("Gross MRR churn"),
        _("Churn and contraction of the period, divided by MRR at its start."),
        "percent",
        "month",
        "down",
        _("churn and contraction"),
        _("MRR of the start"),
        _("By movements, as ChartMogul: who left and came back counts."),
    ),
    Definition(
        "mrr_net_churn",
        _("Net MRR churn"),
        _("Churn and contraction less expansion and reactivation, divided by MRR at the start. May be below 0."),
        "percent",
        "month",
        "down",
        _("churn and contraction less expansion and reactivation"),
        _("MRR of the start"),
        _("By movements, as ChartMogul."),
    ),
    Definition(
        "mrr_quick_ratio",
        _("Quick ratio"),
        _("New and expansion, divided by contraction and churn."),
        "score",
        "month",
        "up",
        _("new and expansion"),
        _("contraction and churn"),
        _("Without reactivation, as Baremetrics; shown with it beside."),
    ),
    Definition(
        "renewal_rate",
        _("Renewal rate"),
        _("Paid terms that ended and were renewed within the grace, divided by paid terms that ended."),
        "percent",
        "month",
        "up",
        _("renewed terms"),
        _("terms that ended"),
        _("Terms that are not decided yet are in neither part."),
    ),
    Definition(
        "renewal_revenue_rate",
        _("Renewal rate by revenue"),
        _("The same in MRR; each renewed term counts at most what it was worth."),
        "percent",
        "month",
        "up",
        _("MRR renewed, capped per contract"),
        _("MRR of terms that ended"),
    ),
]:
    registry.register(definition)
