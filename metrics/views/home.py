"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.kit.access import staff
from config.kit.clock import now
from customers.queries import brand
from metrics.queries import home as home_query


@staff()
def home(request: HttpRequest) -> HttpResponse:
    """What fails, how the last 28 days went, what was sent and what comes next."""
    if not request.user.has_perm("metrics.view_dailyfact"):
        return render(request, "metrics/welcome.html")
    current = brand.current()
    page = home_query.home(brand=current, at=now())
    return render(request, "metrics/home.html", {"page": page, "currency": current.currency})
