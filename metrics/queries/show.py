"""Figures in the form that pages show: written values, changes with their meaning, tiles, charts, heat maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit.money import Money
from customers.templatetags.perennial import NOTHING, money_short, percent
from metrics import definitions
from metrics.queries.figures import Cohorts, Daily
from metrics.rules.commerce import change
from metrics.rules.periods import Period, add_months, month_start, months
from surveys.rules import nps as nps_rules

DAYS_DRAWN = 92


def written(metric: str, value: float | None, currency: str) -> str:
    """A figure as people read it: money with its currency, shares in percent, scores with one decimal."""
    unit = definitions.get(metric).unit
    if value is None:
        return NOTHING
    if unit == "money":
        return str(Money(round(value), currency))
    if unit == "percent":
        return percent(value, 2 if 0 < value < 0.01 else 1)
    if unit == "score":
        return f"{value:+.1f}"
    return str(intcomma(round(value)))


def definition_url(metric: str, query: str = "") -> str:
    """The page that explains a figure, for the period the reader looks at."""
    return reverse("metrics:definition", args=[metric]) + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Delta:
    """A change against the period before: words, direction of the arrow, and whether that is good."""

    text: str
    direction: str
    tone: str


NO_DELTA = Delta("", "", "")


def delta(metric: str, now: float | None, before: float | None) -> Delta:
    """The change of a figure: shares and scores in points, everything else in percent."""
    definition = definitions.get(metric)
    if now is None or before is None:
        return NO_DELTA
    if definition.unit in ("percent", "score"):
        gap = (now - before) * (100 if definition.unit == "percent" else 1)
        text = _("%(points)s points") % {"points": f"{abs(gap):.1f}"}
        moved = gap if abs(gap) >= 0.05 else 0.0
    else:
        relative = change(now, before)
        if relative is None:
            return NO_DELTA
        text, moved = percent(abs(relative)), relative if abs(relative) >= 0.0005 else 0.0
    if not moved:
        return Delta(_("no change"), "", "")
    direction = "up" if moved > 0 else "down"
    tone = "" if not definition.better else "good" if direction == definition.better else "bad"
    return Delta(text, direction, tone)


def tile(
    metric: str,
    now: float | None,
    before: float | None,
    *,
    currency: str,
    hint: str,
    icon: str,
    query: str = "",
    short: bool = False,
) -> dict[str, Any]:
    """The values of `components/stat.html` for one figure; its link opens the definition."""
    found = delta(metric, now, before)
    text = money_short(round(now), currency) if short and now is not None else written(metric, now, currency)
    return {
        "label": definitions.get(metric).label,
        "value": text,
        "hint": hint,
        "icon": icon,
        "url": definition_url(metric, query),
        "delta": found.text,
        "delta_direction": found.direction,
        "delta_tone": found.tone,
    }


def nps_tile(daily: Daily, period: Period, *, query: str = "") -> dict[str, Any]:
    """The NPS with its 95 % interval; no score below 30 answers."""
    counts, before = daily.nps_counts(period), daily.nps_counts(period.before)
    score, interval = nps_rules.nps(counts), nps_rules.interval(counts)
    if counts.total < nps_rules.MINIMUM or interval is None:
        text = ngettext(
            "%(count)s answer; a score needs %(minimum)s", "%(count)s answers; a score needs %(minimum)s", counts.total
        )
        hint = text % {"count": counts.total, "minimum": nps_rules.MINIMUM}
        return tile("nps", None, None, currency="", hint=hint, icon="smile", query=query)
    hint = _("between %(low)s and %(high)s, %(count)s answers") % {
        "low": f"{interval[0]:+.0f}",
        "high": f"{interval[1]:+.0f}",
        "count": intcomma(counts.total),
    }
    earlier = nps_rules.nps(before) if before.total >= nps_rules.MINIMUM else None
    return tile("nps", score, earlier, currency="", hint=hint, icon="smile", query=query)


def _buckets(period: Period) -> list[tuple[str, Period]]:
    """The points of a chart: days up to three months, calendar months beyond."""
    if period.days <= DAYS_DRAWN:
        days = [period.first + timedelta(days=offset) for offset in range(period.days)]
        return [(date_format(day, "j M"), Period(day, day)) for day in days]
    return [
        (
            date_format(month, "M Y"),
            Period(max(month, period.first), min(add_months(month, 1) - timedelta(days=1), period.last)),
        )
        for month in months(month_start(period.first), period.last)
    ]


def chart(
    key: str,
    title: str,
    metrics: list[str],
    daily: Daily,
    period: Period,
    *,
    kind: str = "line",
    currency: str = "",
    compare: bool = False,
) -> dict[str, Any]:
    """A chart of one or more metrics over a period; `compare` adds the period before of the first metric."""
    buckets = _buckets(period)
    units = {"count": "number", "money": "money", "percent": "percent", "score": "number"}
    series: list[dict[str, Any]] = [
        {"name": str(definitions.get(metric).label), "values": [daily.value(metric, part) for _, part in buckets]}
        for metric in metrics
    ]
    if compare and daily.has(period.before):
        if period.days <= DAYS_DRAWN:
            shift = timedelta(days=period.days)
            earlier = [Period(part.first - shift, part.last - shift) for _, part in buckets]
        else:
            earlier = [part for _, part in _buckets(period.before)][-len(buckets) :]
        values = [daily.value(metrics[0], part) for part in earlier]
        if len(values) == len(buckets):
            series.append({"name": _("Period before"), "values": values, "dashed": True})
    return {
        "id": key,
        "title": title,
        "kind": kind,
        "labels": [label for label, _ in buckets] if daily.dates else [],
        "series": series,
        "unit": units[definitions.get(metrics[0]).unit],
        "currency": currency,
    }


def month_chart(
    key: str,
    title: str,
    values: Mapping[date, float | int | None],
    *,
    name: str,
    unit: str = "number",
    kind: str = "bar",
    currency: str = "",
) -> dict[str, Any]:
    """A chart of one value per calendar month."""
    return {
        "id": key,
        "title": title,
        "kind": kind,
        "labels": [date_format(month, "M Y") for month in values],
        "series": [{"name": name, "values": list(values.values())}],
        "unit": unit,
        "currency": currency,
    }


def level(share: float | None, highest: float) -> int | None:
    """The shade of a heat map cell, 0 to 9, relative to the highest share shown."""
    if share is None or not highest:
        return None
    return min(int(9 * share / highest + 0.5), 9)


def cohort_heatmap(matrix: Cohorts, *, view: str, currency: str) -> dict[str, Any]:
    """The cohort matrix as shares ("percent"), people ("count") or money ("revenue"); running months carry a star."""
    shares = [[count / row[0] if row[0] else 0.0 for count in row[1:]] for row in matrix.customers]
    highest = max((share for row in shares for share in row), default=0.0)
    rows = []
    for index, month in enumerate(matrix.months):
        customers, revenue = matrix.customers[index], matrix.revenue[index]
        cells: list[dict[str, Any]] = []
        for offset, count in enumerate(customers):
            share = count / customers[0] if customers[0] else None
            over = offset < matrix.complete[index]
            text = {
                "percent": percent(share, 0 if offset == 0 else 1),
                "count": str(intcomma(count)),
                "revenue": money_short(revenue[offset], currency),
            }[view]
            title = _("%(count)s of %(size)s customers of %(cohort)s, month %(offset)s, %(revenue)s") % {
                "count": intcomma(count),
                "size": intcomma(customers[0]),
                "cohort": date_format(month, "M Y"),
                "offset": offset,
                "revenue": Money(revenue[offset], currency),
            }
            if not over:
                title += "; " + _("the month is not over")
            cells.append(
                {
                    "text": text if over else f"{text}*",
                    "title": title,
                    "level": None if offset == 0 else level(share, highest),
                }
            )
        cells += [{"text": "", "level": None, "title": ""}] * (matrix.width - len(cells))
        rows.append({"label": date_format(month, "M Y"), "size": customers[0], "cells": cells})
    if view == "percent" and matrix.width > 1:
        weighted = [matrix.retention(offset) for offset in range(1, matrix.width)]
        summary: list[dict[str, Any]] = [{"text": "100%", "level": None, "title": ""}]
        for item in weighted:
            title = _("%(kept)s of %(size)s customers, %(cohorts)s cohorts") % {
                "kept": intcomma(item.kept),
                "size": intcomma(item.size),
                "cohorts": item.cohorts,
            }
            summary.append({"text": percent(item.rate), "level": level(item.rate, highest), "title": title})
        rows.append({"label": _("All, weighted"), "size": sum(row[0] for row in matrix.customers), "cells": summary})
    return {
        "id": "cohorts",
        "title": _("Cohorts by month of the first order"),
        "columns": [f"M{offset}" for offset in range(matrix.width)],
        "rows": rows,
    }
