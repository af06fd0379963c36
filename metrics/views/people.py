"""The customers behind a figure, a page at a time."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.access import staff
from config.kit.clock import local_day, now
from customers.models import Customer
from customers.queries import brand
from metrics.enums import RfmClass
from metrics.forms import PeriodForm
from metrics.queries import people
from metrics.rules.periods import Period

PAGE = 50
IN_PERIOD: dict[str, tuple[str | Promise, Callable[[Period], QuerySet[Customer]]]] = {
    "new": (gettext_lazy("First order"), people.new),
    "bought": (gettext_lazy("Ordered"), people.bought),
    "lapsed": (gettext_lazy("Lapsed and not come back"), people.lapsed),
}


@staff("metrics.view_dailyfact", "customers.view_customer")
def customers(request: HttpRequest, kind: str, part: str = "") -> HttpResponse:
    """`/insights/customers/new/?period=…` or `/insights/customers/rfm/champions/`, `…/rfm/53/` (recency 5, frequency 3)."""
    form = None
    if kind in IN_PERIOD and not part:
        form = PeriodForm.of(request.GET, today=local_day(now(), brand.current().timezone))
        heading, find = IN_PERIOD[kind]
        found = find(form.chosen)
    elif kind == "rfm" and part in RfmClass.values:
        heading, found = str(RfmClass(part).label), people.of_class(part)
    elif kind == "rfm" and len(part) == 2 and set(part) <= set("12345"):
        heading = _("Recency %(r)s, frequency %(f)s") % {"r": part[0], "f": part[1]}
        found = people.of_cell(int(part[0]), int(part[1]))
    else:
        raise Http404
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 6 and int(number) else 1
    rows = list(found.select_related("facts")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "heading": heading,
        "form": form,
        "rows": rows[:PAGE],
        "number": page,
        "has_next": len(rows) > PAGE,
        "currency": brand.current().currency,
    }
    return render(request, "metrics/people.html", context)
