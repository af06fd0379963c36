"""The search box of every staff page."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from config.kit import sql
from config.kit.access import number_in, staff
from customers.queries import search
from customers.rules import folding

KEPT_DAYS = 90


@staff("customers.view_customer")
def customer_search(request: HttpRequest) -> HttpResponse:
    """Suggestions while somebody types (htmx); without, an id or whole address goes to its customer, words to the list.

    With nothing typed: the customers that this staff member looked at last.
    """
    text = request.GET.get("q", "")
    if not request.htmx:  # type: ignore[attr-defined]
        if found := search.only(text):
            return redirect("customers:customer-detail", found)
        query = QueryDict(mutable=True)
        query["q"] = folding.read(text).whole
        return redirect(
            f"{reverse('customers:customer-list')}?{query.urlencode()}" if query["q"] else "customers:customer-list"
        )
    context = {"text": folding.read(text).whole, "is_slow": False}
    try:
        context["hits"] = search.suggest(text) if context["text"] else search.recent(viewed(request))
    except sql.TookTooLong:
        context |= {"hits": [], "is_slow": True}
    return render(request, "customers/partials/search_hits.html", context)


def viewed(request: HttpRequest) -> list[int]:
    """Ids of the customers looked at last, from a cookie of this browser and user: looking writes nothing on the server."""
    text = request.COOKIES.get(_name(request.user), "")[:200]
    return [number for part in text.split(".") if (number := number_in(part))][: search.SHOWN]


def remember(request: HttpRequest, response: HttpResponse, customer_id: int) -> HttpResponse:
    """Put a customer at the head of those looked at."""
    ids = [customer_id, *(pk for pk in viewed(request) if pk != customer_id)][: search.SHOWN]
    response.set_cookie(
        _name(request.user), ".".join(map(str, ids)), max_age=KEPT_DAYS * 86400, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return response


def _name(user: AbstractBaseUser | AnonymousUser) -> str:
    return f"viewed_{user.pk}"
