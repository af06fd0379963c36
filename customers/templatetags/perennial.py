"""Filters and tags of every page: amounts, shares, moments, and links that keep the rest of the address."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from config.kit import clock
from config.kit.money import Money

register = template.Library()

NOTHING = "–"


@register.filter
def money(minor: int | Money | None, currency: str = "") -> str:
    """`{{ amount_minor|money:currency }}`: 1250 and GBP give £12.50; nothing gives a dash."""
    if minor is None or minor == "":
        return NOTHING
    if isinstance(minor, Money):
        return str(minor)
    return str(Money(int(minor), str(currency)))


@register.filter
def money_short(minor: int | None, currency: str = "") -> str:
    """An amount for tiles: whole units, and thousands or millions as k and M (£12.4k)."""
    if minor is None or minor == "":
        return NOTHING
    value = Money(int(minor), str(currency))
    symbol = str(Money(0, str(currency))).rstrip("0.,")
    amount = abs(value.decimal)
    sign = "-" if value.minor < 0 else ""
    for size, letter in ((Decimal(1_000_000_000), "bn"), (Decimal(1_000_000), "M"), (Decimal(10_000), "k")):
        if amount >= size:
            unit = Decimal(1_000) if letter == "k" else size
            return f"{sign}{symbol}{amount / unit:,.1f}{letter}"
    return f"{sign}{symbol}{amount:,.0f}"


@register.filter
def percent(share: float | Decimal | None, places: int = 1) -> str:
    """A share between 0 and 1 as a percentage: 0.1234 gives 12.3%; nothing gives a dash."""
    if share is None or share == "":
        return NOTHING
    return f"{number_format(round(Decimal(str(share)) * 100, int(places)), decimal_pos=int(places), use_l10n=True)}%"


def _distance(seconds: float) -> str:
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if minutes < 60:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    if hours < 24:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", days) % days


@register.filter
def ago(moment: datetime | date | str | None) -> str | SafeString:
    """How long since (or until) a moment, as <time> with the exact moment in its title; nothing gives a dash."""
    if isinstance(moment, str):
        moment = parse_datetime(moment) if moment else None
    if not moment:
        return NOTHING
    if not isinstance(moment, datetime):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), date_format(moment, "j M Y"))
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    gap = (clock.now() - moment).total_seconds()
    local = timezone.localtime(moment)
    if abs(gap) < 60:
        text = gettext("just now") if gap >= 0 else gettext("in a moment")
    elif abs(gap) < timedelta(days=30).total_seconds():
        text = (gettext("%s ago") if gap > 0 else gettext("in %s")) % _distance(abs(gap))
    else:
        text = date_format(local, "j M Y")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), date_format(local, "j M Y, H:i:s T"), text
    )


@register.filter
def share_of(part: float | None, whole: float | None) -> float | None:
    """`{{ part|share_of:whole|percent }}`; None when there is nothing to divide by."""
    return part / whole if part is not None and whole else None


@register.filter
def initials(name: str) -> str:
    """Up to two letters for an avatar: "Ana Lima" gives AL."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """`{{ names|lookup:id }}`: a dict's value by a variable key, or nothing."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return ""


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """`{% query page=2 q=None %}`: this page's query string with some values set and others (None) removed."""
    values = context["request"].GET.copy() if "request" in context else None
    if values is None:
        from django.http import QueryDict

        values = QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            values.pop(name, None)
        else:
            values[name] = str(value)
    return f"?{values.urlencode()}"


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_header(context: dict[str, Any], key: str, label: str, default: str = "", number: bool = False) -> dict[str, Any]:
    """`{% sort_header "last_order_at" "Last order" %}`: a <th> whose link sorts by `?sort=key`, then by `-key`.

    `default` is the view's own order when the address names none.
    """
    request = context.get("request")
    current = (request.GET.get("sort") if request else "") or default
    descending = current == f"-{key}"
    ascending = current == key
    return {
        "label": label,
        "direction": "ascending" if ascending else "descending" if descending else "",
        "url": query(context, sort=f"-{key}" if ascending else key, page=None),
        "is_number": number,
    }


@register.simple_tag
def page_numbers(page: Any) -> list[int | str]:
    """The page numbers worth showing around the current one, with an ellipsis for gaps."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.inclusion_tag("components/chart_table.html")
def chart_table(chart: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a chart as table rows, written as its unit says."""
    unit, currency = chart.get("unit", "number"), chart.get("currency", "")

    def written(value: float | int | None) -> str:
        if value is None:
            return NOTHING
        if unit == "money":
            return money(int(value), currency)
        if unit == "percent":
            return percent(value)
        return number_format(value, decimal_pos=None if float(value).is_integer() else 2, force_grouping=True)

    columns = [[written(value) for value in series["values"]] for series in chart["series"]]
    return {
        "title": chart.get("title", ""),
        "names": [series["name"] for series in chart["series"]],
        "rows": list(zip(chart["labels"], zip(*columns, strict=False), strict=False)),
    }
