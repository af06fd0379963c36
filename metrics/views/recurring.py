"""Insights: MRR, and the customers behind its movements."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from config.kit.access import staff
from config.kit.clock import local_day, now
from customers.enums import MovementKind
from customers.queries import brand
from metrics.forms import PeriodForm
from metrics.queries import mrr_page, recurring
from metrics.views.insights import PERMISSION, show_page

PAGE = 50


def _form(request: HttpRequest) -> PeriodForm:
    """Twelve months unless the reader chooses."""
    data = request.GET.copy()
    data.setdefault("period", "12m")
    return PeriodForm.of(data, today=local_day(now(), brand.current().timezone))


@staff(PERMISSION)
def mrr(request: HttpRequest) -> HttpResponseBase:
    """MRR over time, how it moved, who stays and what renews."""
    form, current = _form(request), brand.current()
    found = mrr_page.page(form.chosen, current.currency, form.query, today=local_day(now(), current.timezone))
    return show_page(request, "mrr", found, form)


@staff(PERMISSION, "customers.view_customer")
def movements(request: HttpRequest, kind: str) -> HttpResponse:
    """The customers behind one kind of movement."""
    if kind not in MovementKind.values:
        raise Http404
    form = _form(request)
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 and int(text) else 1
    found = list(recurring.movements(form.chosen, kind)[(number - 1) * PAGE : number * PAGE + 1])
    context = {
        "heading": _("MRR: %(kind)s") % {"kind": MovementKind(kind).label},
        "kind": kind,
        "form": form,
        "rows": found[:PAGE],
        "number": number,
        "has_next": len(found) > PAGE,
    }
    return render(request, "metrics/mrr_movements.html", context)
