"""Pages of the roof: health, style guide, errors."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from config.kit import clock
from config.kit.access import staff
from config.styleguide import examples
from customers.queries import brand
from customers.rules import colour


def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers, 503 otherwise; for load balancers and the launcher."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})


@staff()
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component with its states, for the people who build pages."""
    return render(request, "styleguide.html", examples(at=clock.now(), path=request.path))


@cache_control(public=True, max_age=300)
def brand_css(request: HttpRequest) -> HttpResponse:
    """The brand's colour for customers' pages, with inks that can be read on it and in it."""
    shades = colour.shades(brand.current().colour)
    declarations = "".join(f"--brand-{name}:{value};" for name, value in shades.items())
    return HttpResponse(f":root{{{declarations}}}\n", content_type="text/css; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
