"""What every staff request has: the account's time zone."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from config.kit.clock import zone
from customers.queries import brand

Answer = Callable[[HttpRequest], HttpResponseBase]


def account_time(get_response: Answer) -> Answer:
    """Show staff all times in the brand's zone. Requests without a session (links, pixels, health) cost no query."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        request.brand = brand.current()  # type: ignore[attr-defined]
        with timezone.override(zone(request.brand.timezone)):  # type: ignore[attr-defined]
            return get_response(request)

    return answer
