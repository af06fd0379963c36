"""What every staff page shows: the brand and the navigation this person may use."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from customers.ports import nav
from customers.queries import brand


def page(request: HttpRequest) -> dict[str, Any]:
    """`brand` (lazy) and `navigation`: entries with `url` and `is_current`."""
    return {
        "brand": SimpleLazyObject(lambda: getattr(request, "brand", None) or brand.current()),
        "navigation": SimpleLazyObject(lambda: _navigation(request)),
    }


def _navigation(request: HttpRequest) -> list[dict[str, Any]]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    match = request.resolver_match
    here = {match.namespace, match.view_name} if match else set()
    return [
        {"item": item, "url": reverse(item.url_name), "is_current": bool(here & {item.url_name, *item.match})}
        for item in nav.all()
        if not item.permission or user.has_perm(item.permission)
    ]
