"""The customers' own pages: a copy of their data, its erasure, and the links in the mails about both.

A GET shows and changes nothing: scanners follow links. No cookie is set; what is asked for is confirmed by mail.
"""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.kit import tokens
from config.kit.access import public
from config.kit.clock import now
from customers.consents.adapters import limits
from customers.consents.rules.masks import masked
from customers.enums import DataRequestKind, DataRequestState
from customers.models import Customer
from customers.privacy.actions import requests
from customers.privacy.ports import PURPOSE


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a copy or for erasure; a link goes to the address on file."""
    try:
        customer = Customer.objects.filter(pk=tokens.read(PURPOSE, token)).first()
    except tokens.BadToken as error:
        raise Http404 from error
    if customer is None:
        raise Http404
    context = {
        "token": token,
        "address": customer.email and masked(customer.email),
        "days": requests.waiting_days(is_by_customer=True),
    }
    kind = request.POST.get("kind", "")
    if request.method == "POST" and kind in DataRequestKind.values:
        try:
            if customer.email and not limits.may_mail_data_link(customer.pk):
                raise requests.CannotRequest(_("We have sent you several links today. Please use the latest one."))
            requests.ask(customer, kind, at=now())
            context["asked"] = kind
        except requests.CannotRequest as error:
            context["problem"] = str(error)
    return render(request, "customers/privacy/public/start.html", context)


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what would happen and a button; POST starts it."""
    try:
        if request.method == "POST":
            found = requests.confirm(token, at=now())
            context = {"found": found, "days": requests.waiting_days(is_by_customer=True)}
            return render(request, "customers/privacy/public/confirmed.html", context)
        found = requests.find(token, states=(DataRequestState.REQUESTED,))
    except requests.NoSuchRequest as error:
        raise Http404 from error
    if found.expires_at is None or found.expires_at <= now():
        raise Http404
    context = {"found": found, "token": token, "days": requests.waiting_days(is_by_customer=True)}
    return render(request, "customers/privacy/public/confirm.html", context)


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Call an erasure off that waits."""
    try:
        found = requests.find(token, states=(DataRequestState.QUEUED,))
    except requests.NoSuchRequest as error:
        raise Http404 from error
    is_done = request.method == "POST" and requests.cancel(found.pk, user_id=None, at=now())
    return render(request, "customers/privacy/public/cancel.html", {"found": found, "token": token, "is_done": is_done})


@public
@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """The copy, for 24 hours, for whoever holds the link from the mail."""
    try:
        found = requests.find(token, states=(DataRequestState.DONE,))
    except requests.NoSuchRequest as error:
        raise Http404 from error
    if not found.file or found.expires_at is None or found.expires_at <= now():
        raise Http404
    return FileResponse(found.file.open("rb"), as_attachment=True, filename="your-data.zip", content_type="application/zip")
