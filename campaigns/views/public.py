"""What customers open from a message: links, pixel, unsubscribe, view in browser."""

from base64 import b64decode
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.actions import rendering, tracking
from campaigns.models import Message
from campaigns.queries.recipients import SourceFailed, merge_values
from campaigns.rules.template import CannotRender
from campaigns.views.frames import framed, own_policy
from config.kit import tokens
from config.kit.access import client_address, public
from config.kit.clock import now
from customers.actions import consent
from customers.models import Preference

PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class _AnyScheme(HttpResponseRedirect):
    """Stored links are checked when they are stored and filled in; nothing here comes from the request."""

    allowed_schemes = ["http", "https"]


def _message(purpose: str, token: str) -> Message:
    try:
        message_id = tokens.read(purpose, token)
    except tokens.BadToken as error:
        raise Http404 from error
    message = Message.objects.select_related("topic", "content_version__content").filter(pk=message_id).first()
    if message is None:
        raise Http404
    return message


def _visit(request: HttpRequest) -> tracking.Visit:
    return tracking.Visit(
        method=request.method or "",
        user_agent=request.headers.get("User-Agent", ""),
        address=client_address(request),
        purpose=request.headers.get("Sec-Purpose", "") or request.headers.get("X-Purpose", ""),
    )


@public
@require_safe
def click(request: HttpRequest, token: str, position: str) -> HttpResponse:
    """Lead on to the stored address of a link."""
    message = _message(rendering.MESSAGE, token)
    try:
        url = tracking.click(message, int(position), _visit(request), at=now())
    except tracking.NoSuchLink as error:
        raise Http404 from error
    return _AnyScheme(url)


@public
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one transparent point."""
    tracking.opened(_message(rendering.MESSAGE, token), _visit(request), at=now())
    return HttpResponse(PIXEL, content_type="image/gif")


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks; POST unsubscribes, from a mail program (RFC 8058: no cookie, no redirect) or from the button."""
    message = _message(rendering.UNSUBSCRIBE, token)
    context: dict[str, Any] = {"message": message, "topic": message.topic, "token": token, "is_done": False}
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        tracking.unsubscribe(
            message,
            _visit(request),
            source="one-click" if is_one_click else "unsubscribe page",
            wording=_("Unsubscribe"),
            proof=consent.Proof(
                client_address=client_address(request), user_agent=request.headers.get("User-Agent", "")[:300]
            ),
            at=now(),
        )
        if is_one_click:
            return HttpResponse("Unsubscribed.\n", content_type="text/plain")
        context["is_done"] = True
    return render(request, "campaigns/public/unsubscribe.html", context)


@public
@own_policy
@require_safe
def in_browser(request: HttpRequest, token: str) -> HttpResponse:
    """The message as it was sent to this person, filled in again."""
    message = _message(rendering.MESSAGE, token)
    at = now()
    prepared = rendering.prepared(
        message.content_version_id, message.content_version.digest, message.source_kind, message.source_id
    )
    try:
        values = merge_values(
            [message.customer_id], prepared.version.variables, at=at,
            reference=f"{message.source_kind}:{message.source_id}",
        )[message.customer_id]  # fmt: skip
        is_tracked = not Preference.objects.filter(customer=message.customer_id, is_tracked=False).exists()
        html = prepared.filled(values, message.pk, is_tracked=is_tracked).render("body.html", values)
    except (SourceFailed, CannotRender) as error:
        raise Http404 from error
    return framed(html)
