"""Who may open a page, and from where a request came."""

from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def staff(*permissions: str) -> Callable[[View], View]:
    """View decorator: signed-in staff who hold every permission (`"campaigns.launch_campaign"`); others get 403.

    Without arguments any signed-in staff member may enter.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if not (user.is_active and user.is_staff and user.has_perms(permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.staff_permissions = permissions  # type: ignore[attr-defined]
        return login_required(guarded)  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """View decorator for pages that customers open by a link: never cached, never indexed, no referrer sent to others.

    "same-origin" and not "no-referrer": with that, browsers send `Origin: null` with a form and the CSRF check refuses.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "same-origin"
        return response

    guarded.is_public = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def number_in(text: str) -> int | None:
    """The whole number that a request's text names, or None: ids come from strangers ("²" is a digit to Python)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def client_address(request: HttpRequest) -> str:
    """IP address of the client: the entry of X-Forwarded-For that the configured number of own proxies wrote."""
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    count: int = settings.TRUSTED_PROXIES
    if count and len(hops) >= count:
        return hops[-count]
    return str(request.META.get("REMOTE_ADDR", ""))


def network(address: str) -> str:
    """The network of an IP address as limits count it: an IPv6 customer has a whole /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else found.exploded[:19]
    return str(found)
