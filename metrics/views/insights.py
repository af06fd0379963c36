"""Insights: one page per question, all read from the roll-up."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit.access import staff
from config.kit.clock import local_day, now
from customers.queries import brand
from metrics import definitions
from metrics.forms import PeriodForm
from metrics.queries import insights
from metrics.queries.tables import as_csv

PERMISSION = "metrics.view_dailyfact"


def _tabs(here: str, query: str) -> list[dict[str, Any]]:
    names = [
        ("insights", _("Overview")),
        ("mrr", _("MRR")),
        ("retention", _("Retention")),
        ("rfm", _("RFM")),
        ("nps", _("NPS")),
        ("messages", _("Messages")),
        ("definitions", _("Definitions")),
    ]
    keeps = {"insights", "mrr", "nps", "messages"}
    return [
        {
            "label": label,
            "url": reverse(f"metrics:{name}") + (f"?{query}" if name in keeps else ""),
            "is_current": name == here,
        }
        for name, label in names
    ]


def show_page(request: HttpRequest, here: str, found: dict[str, Any], form: PeriodForm | None = None) -> HttpResponseBase:
    """The page, or its table as a file with `?format=csv`."""
    if request.GET.get("format") == "csv" and "table" in found:
        return as_csv(f"perennial-{here}", found["table"])
    query = form.query if form else ""
    context = {"tabs": _tabs(here, query), "form": form, "query": query, "here": here, **found}
    return render(request, f"metrics/{here}.html", context)


def _form(request: HttpRequest) -> PeriodForm:
    return PeriodForm.of(request.GET, today=local_day(now(), brand.current().timezone))


@staff(PERMISSION)
def overview(request: HttpRequest) -> HttpResponseBase:
    """All figures of a period against the period before."""
    form = _form(request)
    return show_page(request, "insights", insights.overview(form.chosen, brand.current().currency, form.query), form)


@staff(PERMISSION)
def retention(request: HttpRequest) -> HttpResponseBase:
    """The cohort heat map and the monthly churn."""
    view = request.GET.get("view", "percent")
    if view not in insights.COHORT_VIEWS:
        view = "percent"
    return show_page(request, "retention", insights.retention(view, brand.current().currency))


@staff(PERMISSION)
def rfm(request: HttpRequest) -> HttpResponseBase:
    """The recency x frequency grid and its groups."""
    return show_page(request, "rfm", insights.rfm(brand.current().currency))


@staff(PERMISSION)
def nps(request: HttpRequest) -> HttpResponseBase:
    """Net Promoter Score by month with its interval."""
    form = _form(request)
    return show_page(request, "nps", insights.nps(form.chosen, form.query), form)


@staff(PERMISSION)
def messages(request: HttpRequest) -> HttpResponseBase:
    """Sends, engagement and reputation, and who sent."""
    form = _form(request)
    return show_page(request, "messages", insights.messages(form.chosen, form.query), form)


@staff(PERMISSION)
def definition_list(request: HttpRequest) -> HttpResponseBase:
    """What every figure means."""
    return show_page(request, "definitions", insights.glossary())


@staff(PERMISSION)
def definition(request: HttpRequest, metric: str) -> HttpResponseBase:
    """One figure: meaning, numerator and denominator of the period, its course, and the customers behind it."""
    if not definitions.has(metric):
        raise Http404
    form = _form(request)
    found = insights.one(definitions.get(metric), form.chosen, brand.current().currency, form.query)
    return show_page(request, "definition", found, form)
