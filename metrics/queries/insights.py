"""The pages of Insights: each function reads a few rows of the roll-up and returns what its page shows."""

from datetime import date, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.journeys.models import Journey
from campaigns.models import Campaign
from config.kit.money import Money
from customers.templatetags.perennial import percent
from metrics import definitions
from metrics.definitions import Definition
from metrics.enums import RfmClass
from metrics.models import RfmScore
from metrics.queries import figures, mrr_page, show
from metrics.queries.figures import Daily
from metrics.queries.tables import Table
from metrics.rules.commerce import ratio
from metrics.rules.periods import Period, add_months, month_start, months
from metrics.rules.rfm import GRID
from surveys.rules import nps as nps_rules

COHORT_VIEWS = ("percent", "count", "revenue")
COMMERCE = ("revenue", "refunds", "net_revenue", "orders", "aov")
CUSTOMERS = (
    "active_customers",
    "buyers_28d",
    "new_customers",
    "repeat_customers",
    "reactivated",
    "lapsed",
    "customers_created",
)
PROGRAMMES = ("points_earned", "points_redeemed", "referrals_claimed", "referrals_qualified", "subscribed", "unsubscribed")
MESSAGES = (
    "sends",
    "delivered",
    "opens",
    "clicks",
    "bounces",
    "complaints",
    "unsubscribes",
    "open_rate",
    "click_rate",
    "bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
)
PEOPLE = {
    "new_customers": "new",
    "lapsed": "lapsed",
    "buyers_28d": "bought",
    "active_customers": "bought",
    "buyers": "bought",
    "orders": "bought",
}
WINDOWS = {"buyers_28d": 28, "active_customers": 90}


def people_url(metric: str, period: Period, query: str) -> str:
    """The customers behind a figure; empty when it has none. A window that ends with the period has its own days."""
    kind = PEOPLE.get(metric)
    if metric in WINDOWS:
        first = period.last - timedelta(days=WINDOWS[metric] - 1)
        query = f"period=custom&first={first}&last={period.last}"
    return f"{reverse('metrics:people', args=[kind])}?{query}" if kind else ""


def _row(metric: str, daily: Daily, period: Period, currency: str, query: str) -> dict[str, Any]:
    now = daily.value(metric, period)
    before = daily.value(metric, period.before) if daily.has(period.before) else None
    numerator, denominator = daily.fraction(metric, period) or (None, None)
    return {
        "definition": definitions.get(metric),
        "value": show.written(metric, now, currency),
        "raw": now,
        "raw_before": before,
        "before": show.written(metric, before, currency),
        "delta": show.delta(metric, now, before),
        "url": show.definition_url(metric, query),
        "people": people_url(metric, period, query),
        "numerator": numerator,
        "denominator": denominator,
        "fraction": _fraction_text(metric, numerator, denominator, currency),
    }


def _fraction_text(metric: str, numerator: float | None, denominator: int | None, currency: str) -> str:
    """Numerator and denominator beside a rate; money as money."""
    if numerator is None or denominator is None:
        return ""
    above = Money(round(numerator), currency) if definitions.get(metric).unit == "money" else intcomma(numerator)
    return f"{above} / {intcomma(denominator)}"


def _figures_table(groups: list[tuple[str, list[dict[str, Any]]]]) -> Table:
    rows = [
        (str(row["definition"].label), row["raw"], row["raw_before"], row["numerator"], row["denominator"])
        for _name, group in groups
        for row in group
    ]
    return Table((_("Figure"), _("This period"), _("Period before"), _("Numerator"), _("Denominator")), rows)


def overview(period: Period, currency: str, query: str) -> dict[str, Any]:
    """All figures of a period against the one before; two queries."""
    metrics = (*COMMERCE, *CUSTOMERS, *PROGRAMMES)
    daily = figures.daily(metrics, first=period.before.first, last=period.last)
    repeat_now, repeat_before = figures.repeat(period.last, period.before.last)
    before = repeat_before.rate if daily.has(period.before) else None
    repeat_row = {
        "definition": definitions.get("repeat_rate"),
        "value": percent(repeat_now.rate),
        "before": percent(before),
        "raw": repeat_now.rate,
        "raw_before": before,
        "delta": show.delta("repeat_rate", repeat_now.rate, before),
        "url": show.definition_url("repeat_rate", query),
        "people": "",
        "numerator": repeat_now.repeat,
        "denominator": repeat_now.customers,
        "fraction": _fraction_text("repeat_rate", repeat_now.repeat, repeat_now.customers, currency),
    }
    groups = [
        (_("Orders and money"), [_row(metric, daily, period, currency, query) for metric in COMMERCE]),
        (_("Customers"), [*(_row(metric, daily, period, currency, query) for metric in CUSTOMERS), repeat_row]),
        (_("Programmes and consent"), [_row(metric, daily, period, currency, query) for metric in PROGRAMMES]),
    ]
    return {
        "period": period,
        "groups": groups,
        "has_before": daily.has(period.before),
        "is_rolled_up": bool(daily.dates),
        "charts": [
            show.chart("revenue", _("Revenue"), ["revenue"], daily, period, kind="line", currency=currency, compare=True),
            show.chart("orders", _("Orders"), ["orders"], daily, period, kind="bar", compare=True),
            show.chart("active", _("Active customers"), ["active_customers"], daily, period, compare=True),
            show.chart(
                "moves",
                _("New, reactivated and lapsed"),
                ["new_customers", "reactivated", "lapsed"],
                daily,
                period,
                kind="bar",
            ),
        ],
        "table": _figures_table(groups),
    }


def retention(view: str, currency: str) -> dict[str, Any]:
    """Cohort heat map of the last 24 cohorts, and churn by month; two queries."""
    matrix = figures.cohorts(latest=24)
    churn = figures.churn_table()
    buyers = figures.monthly_buyers()
    rows = []
    for month, customers, revenue, complete in zip(
        matrix.months, matrix.customers, matrix.revenue, matrix.complete, strict=True
    ):
        for offset, count in enumerate(customers):
            share = ratio(count, customers[0])
            rows.append((month.isoformat(), offset, count, share, revenue[offset], "yes" if offset < complete else "no"))
    base = reverse("metrics:retention")
    labels = {"percent": _("Percent"), "count": _("Customers"), "revenue": _("Revenue")}
    return {
        "view": view,
        "heatmap": show.cohort_heatmap(matrix, view=view, currency=currency) if matrix.months else None,
        "views": [
            {"label": labels[name], "url": f"{base}?view={name}", "is_current": name == view} for name in COHORT_VIEWS
        ],
        "cohorts": [
            {"month": month, "size": row[0], "query": f"period=custom&first={month}&last={_month_end(month)}"}
            for month, row in zip(matrix.months, matrix.customers, strict=True)
        ],
        "churn": list(reversed(churn)),
        "churn_chart": show.month_chart(
            "churn",
            _("Churn by month"),
            {row.month: row.churn.rate for row in churn[-24:]},
            name=_("Churn"),
            unit="percent",
            kind="line",
        ),
        "curve": {
            "id": "curve",
            "title": _("Retention after the first order"),
            "kind": "line",
            "labels": [f"M{k}" for k in range(1, max(matrix.complete, default=0))],
            "series": [
                {
                    "name": _("Retention, weighted over complete months"),
                    "values": [matrix.retention(k).rate for k in range(1, max(matrix.complete, default=0))],
                }
            ],
            "unit": "percent",
            "currency": "",
        },
        "buyers_chart": show.month_chart(
            "buyers", _("Different buyers by month"), dict(list(buyers.items())[-24:]), name=_("Buyers")
        ),
        "table": Table(
            (_("Cohort"), _("Month"), _("Customers"), _("Share"), _("Revenue, minor units"), _("Complete")), rows
        ),
    }


def _month_end(month: date) -> date:
    return add_months(month, 1) - timedelta(days=1)


def rfm(currency: str) -> dict[str, Any]:
    """The grid with customers and revenue, and the groups; two queries."""
    grid = figures.rfm_grid()
    highest = max((cell.customers for cell in grid.values()), default=0)
    total = sum(cell.customers for cell in grid.values())
    revenue = sum(cell.revenue_minor for cell in grid.values())
    rows: list[dict[str, Any]] = []
    classes: dict[RfmClass, list[int]] = {rfm_class: [0, 0] for rfm_class in RfmClass}
    for r in (5, 4, 3, 2, 1):
        cells = []
        for f in range(1, 6):
            found = grid.get((r, f))
            customers, worth = (found.customers, found.revenue_minor) if found else (0, 0)
            name = GRID[r][f - 1]
            classes[name][0] += customers
            classes[name][1] += worth
            cells.append(
                {
                    "customers": customers,
                    "revenue": worth,
                    "average": worth / customers if customers else None,
                    "name": name.label,
                    "level": show.level(customers, highest) if customers else None,
                    "key": f"{r}{f}",
                }
            )
        rows.append({"r": r, "cells": cells})
    groups = [
        {
            "key": rfm_class.value,
            "name": rfm_class.label,
            "customers": count,
            "share": ratio(count, total),
            "revenue": worth,
            "revenue_share": ratio(worth, revenue),
            "average": ratio(worth, count),
        }
        for rfm_class, (count, worth) in classes.items()
    ]
    table = Table(
        (_("Recency"), _("Frequency"), _("Group"), _("Customers"), _("Revenue, minor units")),
        [
            (row["r"], f, str(cell["name"]), cell["customers"], cell["revenue"])
            for row in rows
            for f, cell in enumerate(row["cells"], 1)
        ],
    )
    scored_on = RfmScore.objects.aggregate(day=Max("computed_on"))["day"]
    return {"rows": rows, "groups": groups, "total": total, "currency": currency, "scored_on": scored_on, "table": table}


def nps(period: Period, query: str) -> dict[str, Any]:
    """The score of the period with its interval, and by month; one query."""
    first = min(period.before.first, add_months(month_start(period.last), -11))
    daily = figures.daily(["nps"], first=first, last=period.last)
    rows: list[dict[str, Any]] = []
    for month in months(max(first, add_months(month_start(period.last), -11)), period.last):
        part = Period(month, add_months(month, 1) - timedelta(days=1))
        counts = daily.nps_counts(part)
        rows.append(
            {
                "month": month,
                "counts": counts,
                "score": nps_rules.nps(counts),
                "interval": nps_rules.interval(counts),
                "is_enough": counts.total >= nps_rules.MINIMUM,
            }
        )
    counts = daily.nps_counts(period)
    shown = {row["month"]: row["score"] if row["is_enough"] else None for row in rows}
    chart = show.month_chart("nps", _("Net Promoter Score by month"), shown, name=_("NPS"), kind="line")
    chart["series"] += [
        {
            "name": name,
            "values": [row["interval"][side] if row["is_enough"] and row["interval"] else None for row in rows],
            "dashed": True,
        }
        for name, side in ((_("95% interval, lower end"), 0), (_("upper end"), 1))
    ]
    table = Table(
        (
            _("Month"),
            _("Promoters"),
            _("Passives"),
            _("Detractors"),
            _("Answers"),
            _("NPS"),
            _("Lower end"),
            _("Upper end"),
        ),
        [
            (
                row["month"].isoformat(),
                row["counts"].promoters,
                row["counts"].passives,
                row["counts"].detractors,
                row["counts"].total,
                row["score"],
                *(row["interval"] or (None, None)),
            )
            for row in rows
        ],
    )
    return {
        "period": period,
        "tile": show.nps_tile(daily, period, query=query),
        "counts": counts,
        "minimum": nps_rules.MINIMUM,
        "rows": list(reversed(rows)),
        "has_answers": any(row["counts"].total for row in rows),
        "chart": chart,
        "bands": show.chart(
            "bands", _("Answers"), ["nps_promoters", "nps_passives", "nps_detractors"], daily, period, kind="stacked"
        ),
        "table": table,
    }


def messages(period: Period, query: str) -> dict[str, Any]:
    """Sends, engagement and reputation of a period, and its senders; four queries."""
    daily = figures.daily(MESSAGES, first=period.before.first, last=period.last)
    senders = figures.top_senders(period)
    names = _sender_names([key for key, _counts in senders])
    rows = []
    for key, found in senders:
        delivered = found.get("delivered", 0)
        rows.append(
            {
                "name": names.get(key, key.replace(":", " ")),
                "kind": key.split(":")[0],
                "url": _sender_url(key),
                "sends": found.get("sends", 0),
                "delivered": delivered,
                "open_rate": ratio(found.get("opens", 0), delivered),
                "click_rate": ratio(found.get("clicks", 0), delivered),
                "bounces": found.get("bounces", 0),
                "complaints": found.get("complaints", 0),
                "unsubscribes": found.get("unsubscribes", 0),
            }
        )
    groups = [(_("Messages"), [_row(metric, daily, period, "", query) for metric in MESSAGES])]
    header = (
        _("Sender"),
        _("Sent"),
        _("Delivered"),
        _("Open rate"),
        _("Click rate"),
        _("Bounced"),
        _("Spam reports"),
        _("Unsubscribed"),
    )
    return {
        "period": period,
        "groups": groups,
        "senders": rows,
        "has_messages": bool(daily.total("sends", period)),
        "has_before": daily.has(period.before),
        "charts": [
            show.chart("sends", _("Messages sent"), ["sends"], daily, period, kind="bar", compare=True),
            show.chart("engagement", _("People who opened and clicked"), ["opens", "clicks"], daily, period),
            show.chart(
                "reputation",
                _("Bounces, spam reports, unsubscribes"),
                ["bounces", "complaints", "unsubscribes"],
                daily,
                period,
                kind="bar",
            ),
        ],
        "table": Table(
            header,
            [
                tuple(
                    row[name]
                    for name in (
                        "name",
                        "sends",
                        "delivered",
                        "open_rate",
                        "click_rate",
                        "bounces",
                        "complaints",
                        "unsubscribes",
                    )
                )
                for row in rows
            ],
        ),
    }


def _sender_url(key: str) -> str:
    kind, _sep, number = key.partition(":")
    return reverse("campaigns:campaign-detail", args=[number]) if kind == "campaign" and number.isdigit() else ""


def _sender_names(keys: list[str]) -> dict[str, str]:
    """Names of campaigns and journeys by "campaign:12"."""
    ids: dict[str, list[int]] = {"campaign": [], "journey": []}
    for key in keys:
        kind, _sep, number = key.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].append(int(number))
    names = {
        f"campaign:{pk}": name for pk, name in Campaign.objects.filter(pk__in=ids["campaign"]).values_list("pk", "name")
    }
    journeys = Journey.objects.filter(pk__in=ids["journey"]).values_list("pk", "name")
    return names | {f"journey:{pk}": name for pk, name in journeys}


def glossary() -> dict[str, Any]:
    """Every definition."""
    rows = definitions.all()
    header = (_("Figure"), _("Meaning"), _("Numerator"), _("Denominator"), _("Source"), _("Version"))
    table = [(str(d.label), str(d.formula), str(d.numerator), str(d.denominator), str(d.source), d.version) for d in rows]
    return {"definitions": rows, "table": Table(header, table)}


def one(definition: Definition, period: Period, currency: str, query: str) -> dict[str, Any]:
    """One figure with its numerator, denominator and course."""
    context: dict[str, Any] = {"definition": definition, "period": period, "currency": currency, "chart": None, "row": None}
    if definition.key == "repeat_rate":
        [found] = figures.repeat(period.last)
        context["row"] = {
            "value": percent(found.rate),
            "numerator": found.repeat,
            "denominator": found.customers,
            "people": "",
        }
    elif definition.kind == "month":
        context["is_monthly"] = True
        if definition.key == "churn":
            rows = figures.churn_table(latest=24)
            context["chart"] = show.month_chart(
                "course",
                str(definition.label),
                {row.month: row.churn.rate for row in rows},
                name=str(definition.label),
                unit="percent",
                kind="line",
            )
        elif definition.key == "monthly_buyers":
            found_buyers = dict(list(figures.monthly_buyers().items())[-24:])
            context["chart"] = show.month_chart("course", str(definition.label), found_buyers, name=str(definition.label))
        elif definition.key in mrr_page.COURSES:
            context["chart"] = mrr_page.course(definition.key, currency, period.last)
    else:
        daily = figures.daily([definition.key], first=period.before.first, last=period.last)
        context["row"] = _row(definition.key, daily, period, currency, query)
        kind = "bar" if definition.kind == "sum" else "line"
        context["chart"] = show.chart(
            "course", str(definition.label), [definition.key], daily, period, kind=kind, currency=currency, compare=True
        )
        context["is_money_sum"] = definition.unit == "money"
    return context
