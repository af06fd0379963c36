"""HTML of messages shown to staff: a document of its own in a sandboxed frame, with a policy of its own."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from csp.decorators import csp_exempt
from django.http import HttpResponse

View = TypeVar("View", bound=Callable[..., Any])

POLICY = (
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
BASE = '<base target="_blank">'
PIXEL = re.compile(r'<img src="[^"]*/o/[^"]*\.gif" width="1" height="1" alt="">')


def framed(html: str) -> HttpResponse:
    """A response that may hold anything a message holds: scripts and forms are dead in it. Use with `own_policy`."""
    start = html.lower().find("<head>")
    html = html[: start + 6] + BASE + html[start + 6 :] if start >= 0 else BASE + html
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def without_pixel(html: str) -> str:
    """A message for the eyes of staff: looking at it is no open."""
    return PIXEL.sub("", html)


def own_policy(view: View) -> View:
    """View decorator: the page's general policy is left away, because the response brings its own."""
    exempt: Any = csp_exempt()
    decorated: View = exempt(view)
    return decorated
