"""What the MRR page shows: figures with what was divided by what, months, movements, renewals, reasons."""

from datetime import date
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.kit.money import Money
from customers.commerce.queries import lists
from customers.commerce.rules.mrr import ratio
from customers.enums import MovementKind
from metrics import definitions
from metrics.queries import recurring, show
from metrics.queries.recurring import KINDS, Month
from metrics.queries.tables import Table
from metrics.rules.periods import Period, add_months, month_start

GAINS = ("new", "expansion", "reactivation")
# Figures that have a course by month on their own page.
COURSES = {
    "mrr": lambda row: row.totals.end,
    "mrr_customers": lambda row: row.customers_end,
    "arpa": lambda row: None if row.arpa is None else round(row.arpa),
    "mrr_gross_churn": lambda row: row.totals.gross_churn,
    "mrr_net_churn": lambda row: row.totals.net_churn,
    "customer_churn": lambda row: row.customer_churn,
    "mrr_quick_ratio": lambda row: row.totals.quick,
}


def page(period: Period, currency: str, query: str, *, today: date) -> dict[str, Any]:
    """Everything of the page: about ten statements, whatever the number of customers."""
    chosen = recurring.by_month(period.first, period.last)
    shown = _shown(period, chosen)
    ended = recurring.ended(period)
    renewals = recurring.renewals(period, today=today, known=ended)
    rows = [_row(row, currency) for row in shown]
    return {
        "period": period,
        "currency": currency,
        "has_any": bool(chosen and (chosen[-1].totals.end or any(sum(row.moves.values()) for row in shown)))
        or recurring.has_any(),
        "tiles": _tiles(chosen, currency, query),
        "figures": _figures(period, chosen, renewals, currency),
        "movements": _movements(chosen, currency, query),
        "course": _course(shown, currency),
        "waterfall": _waterfall(shown, currency),
        "months": list(reversed(rows)),
        "renewals": [{"month": month, "row": row} for month, row in reversed(list(renewals.items()))],
        "reasons": [{**row, "label": str(MovementKind(row["kind"]).label)} for row in recurring.reasons(period)],
        "grace": recurring.settings.current().renewal_grace_days,
        "counted_at": ended[1],
        "table": _table(shown),
    }


def _shown(period: Period, chosen: list[Month]) -> list[Month]:
    """The months of the charts: those of the period, and at least thirteen whole ones."""
    first = min(month_start(period.first), add_months(month_start(period.last), -12))
    return recurring.by_month(first, period.last) if first < period.first or not chosen else chosen


def _tiles(chosen: list[Month], currency: str, query: str) -> list[dict[str, Any]]:
    last = chosen[-1]
    totals, at_risk = recurring.total(chosen), lists.totals()["at_risk"]
    net = totals.end - totals.start
    return [
        {
            "label": definitions.get("mrr").label,
            "value": str(Money(totals.end, currency)),
            "hint": _("%(change)s in the period") % {"change": ("+" if net > 0 else "") + str(Money(net, currency))},
            "url": show.definition_url("mrr", query),
            "icon": "repeat",
        },
        {
            "label": definitions.get("mrr_customers").label,
            "value": intcomma(last.customers_end),
            "hint": _("%(count)s at the start") % {"count": intcomma(chosen[0].customers_start)},
            "url": show.definition_url("mrr_customers", query),
            "icon": "users",
        },
        {
            "label": definitions.get("arpa").label,
            "value": show.written("arpa", last.arpa, currency),
            "hint": _("MRR by customer at the end"),
            "url": show.definition_url("arpa", query),
            "icon": "circle-user",
        },
        {
            "label": _("MRR at risk"),
            "value": str(Money(at_risk, currency)),
            "hint": _("Today: cancelled, still running"),
            "url": reverse("customers:subscription-list") + "?risk=yes",
            "icon": "calendar-x",
        },
    ]  # fmt: skip


def _figures(
    period: Period, chosen: list[Month], renewals: dict[date, recurring.Renewals], currency: str
) -> list[dict[str, Any]]:
    totals = recurring.total(chosen)
    found: list[dict[str, Any]] = []

    def money(amount: int) -> str:
        return str(Money(amount, currency))

    def add(key: str, value: float | None, over: str, under: str, note: str = "") -> None:
        definition = definitions.get(key)
        found.append({
            "label": definition.label, "value": show.written(key, value, currency) if definition.unit != "score"
            else "–" if value is None else f"{value:.2f}", "numerator": over, "denominator": under, "note": note,
            "formula": definition.formula, "url": show.definition_url(key),
        })  # fmt: skip

    notes = {"period": _("In the period"), "year": _("12 months")}
    for name, cohort in recurring.cohorts(period):
        add("grr", cohort.grr, money(cohort.kept_minor), money(cohort.base_minor), notes[name])
        add("nrr", cohort.nrr, money(cohort.now_minor), money(cohort.base_minor), notes[name])
        add("customer_churn", cohort.logo_churn, str(intcomma(cohort.base_count - cohort.kept_count)),
            str(intcomma(cohort.base_count)), notes[name])  # fmt: skip
    lost = totals.churn + totals.contraction
    add("mrr_gross_churn", totals.gross_churn, money(lost), money(totals.start), notes["period"])
    add("mrr_net_churn", totals.net_churn, money(lost - totals.expansion - totals.reactivation), money(totals.start),
        notes["period"])  # fmt: skip
    add("mrr_quick_ratio", totals.quick, money(totals.new + totals.expansion), money(lost), notes["period"])
    add("mrr_quick_ratio", totals.quick_with_reactivation, money(totals.new + totals.expansion + totals.reactivation),
        money(lost), _("with reactivation"))  # fmt: skip
    ended = recurring.all_of(renewals)
    still_open = _("%(count)s still open") % {"count": intcomma(ended.open)} if ended.open else notes["period"]
    add("renewal_rate", ended.rate, str(intcomma(ended.renewed)), str(intcomma(ended.ends)), still_open)
    add("renewal_revenue_rate", ended.revenue_rate, money(ended.kept_minor), money(ended.due_minor), notes["period"])
    return found


def _movements(chosen: list[Month], currency: str, query: str) -> dict[str, Any]:
    totals = recurring.total(chosen)
    rows = [
        {
            "kind": kind,
            "label": str(MovementKind(kind).label),
            "sign": "+" if kind in GAINS else "−",
            "amount": getattr(totals, kind),
            "count": sum(row.moves[kind] for row in chosen),
            "url": reverse("metrics:mrr-movements", args=[kind]) + f"?{query}",
            "share": ratio(getattr(totals, kind), totals.start),
        }
        for kind in ("new", "expansion", "reactivation", "contraction", "churn")
    ]
    return {"start": totals.start, "end": totals.end, "rows": rows}


def _course(shown: list[Month], currency: str) -> dict[str, Any]:
    values = {row.month: row.totals.end for row in shown}
    return show.month_chart("mrr", _("MRR at the end of the month"), values, name=_("MRR"), unit="money", kind="line",
                            currency=currency)  # fmt: skip


def _waterfall(shown: list[Month], currency: str) -> dict[str, Any]:
    return {
        "id": "mrr-movements",
        "title": _("Movements of MRR by month"),
        "kind": "stacked",
        "labels": [date_format(row.month, "M Y") for row in shown],
        "series": [
            {
                "name": str(MovementKind(kind).label),
                "values": [getattr(row.totals, kind) * (1 if kind in GAINS else -1) for row in shown],
            }
            for kind in ("new", "expansion", "reactivation", "contraction", "churn")
        ],
        "unit": "money",
        "currency": currency,
    }


def course(key: str, currency: str, last: date) -> dict[str, Any]:
    """The course of one figure over the last 24 months, for its own page."""
    rows = recurring.by_month(add_months(month_start(last), -23), last)
    units = {"count": "number", "money": "money", "percent": "percent", "score": "number"}
    definition = definitions.get(key)
    values = {row.month: COURSES[key](row) for row in rows}
    return show.month_chart("course", str(definition.label), values, name=str(definition.label),
                            unit=units[definition.unit], kind="line", currency=currency)  # fmt: skip


def _row(row: Month, currency: str) -> dict[str, Any]:
    totals = row.totals
    return {"month": row.month, "totals": totals, "customers": row.customers_end, "arpa": row.arpa and round(row.arpa),
            "gross": totals.gross_churn, "net": totals.net_churn, "churn": row.customer_churn}  # fmt: skip


def _table(shown: list[Month]) -> Table:
    header = (_("Month"), _("MRR at the start"), *(str(MovementKind(kind).label) for kind in KINDS), _("MRR at the end"),
              _("Customers"), _("Customer churn"), _("Gross MRR churn"), _("Net MRR churn"))  # fmt: skip
    return Table(
        header,
        [
            (row.month.isoformat(), row.totals.start, *(getattr(row.totals, kind) for kind in KINDS), row.totals.end,
             row.customers_end, row.customer_churn, row.totals.gross_churn, row.totals.net_churn)
            for row in shown
        ],
    )  # fmt: skip
