"""The preference centre: what a person gets from us, how often, and whether we count what they do with it.

It is reached by the link in a message or by the customer's own link. The token is the proof, so no cookie is needed. GET
changes nothing, whoever follows the link; every POST may be repeated.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.actions import preferences as choosing
from campaigns.actions import rendering
from campaigns.models import Message
from config.kit import tokens
from config.kit.access import client_address, public
from config.kit.clock import now, zone
from customers.actions import consent
from customers.consents.actions import preferences as wishes
from customers.consents.queries import standing
from customers.consents.rules import pauses
from customers.consents.rules.links import PREFERENCES
from customers.consents.rules.masks import masked
from customers.models import Customer
from customers.ports import person_links
from customers.queries import brand as brands

LIMITS = ("1", "2")


def _id(purpose: str, token: str) -> int:
    try:
        return tokens.read(purpose, token)
    except tokens.BadToken as error:
        raise Http404 from error


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def of_message(request: HttpRequest, token: str) -> HttpResponse:
    """The page as a message leads to it."""
    message_id = _id(rendering.UNSUBSCRIBE, token)
    message = Message.objects.select_related("customer").filter(pk=message_id).first()
    if message is None:
        raise Http404
    return _page(request, message.customer, reverse("campaigns:preferences", args=[token]))


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def of_customer(request: HttpRequest, token: str) -> HttpResponse:
    """The page as the customer's own link leads to it."""
    customer = Customer.objects.filter(pk=_id(PREFERENCES, token)).first()
    if customer is None:
        raise Http404
    return _page(request, customer, reverse("campaigns:my-preferences", args=[token]))


def _page(request: HttpRequest, customer: Customer, action: str) -> HttpResponse:
    at = now()
    account = brands.current()
    saved, error = "", ""
    if request.method == "POST":
        try:
            saved = _take(request, customer, account.timezone, at)
        except pauses.BadPause:
            error = _("Choose a day between tomorrow and a year from now for the end of the pause. Nothing was saved.")
        customer.refresh_from_db()
    wish = wishes.of(customer.pk)
    is_paused = bool(wish.paused_until and wish.paused_until > at)
    today = at.astimezone(zone(account.timezone)).date()
    limit = str(wish.weekly_limit) if wish.weekly_limit is not None else ""
    context = {
        "action": action, "rows": _rows(standing.offered(customer)), "saved": saved, "error": error,
        "is_welcome": request.method != "POST" and "welcome" in request.GET, "address": _addresses(customer), "wish": wish,
        "is_paused": is_paused, "limit": limit, "limits": _limits(limit), "languages": _languages(customer.locale),
        "language": customer.locale, "tomorrow": today + timedelta(days=1),
        "latest": today + timedelta(days=pauses.LONGEST),
        "links": [{"item": item, "url": item.url(customer.pk)} for item in person_links.all()], "zone": account.timezone,
    }  # fmt: skip
    return render(request, "campaigns/public/preferences.html", context, status=422 if error else 200)


def _addresses(customer: Customer) -> str:
    return " · ".join(masked(address) for address in (customer.email, customer.phone) if address)


def _rows(cells: list[standing.Cell]) -> list[dict[str, Any]]:
    """Topics with their channels: a channel's name is shown only where there is a choice."""
    rows: list[dict[str, Any]] = []
    for cell in cells:
        if not rows or rows[-1]["topic"] != cell.topic:
            rows.append({"topic": cell.topic, "cells": []})
        rows[-1]["cells"].append(cell)
    return rows


def _limits(present: str) -> list[tuple[str, str]]:
    found = [("", _("As they are sent")), ("2", _("At most two a week")), ("1", _("At most one a week"))]
    if present and present not in dict(found):
        found.append((present, _("At most %(count)s a week") % {"count": present}))
    return found


def _languages(present: str) -> list[tuple[str, str]]:
    found = [("", _("No wish")), *settings.LANGUAGES]
    return found if present in dict(found) else [*found, (present, present)]


def _take(request: HttpRequest, customer: Customer, zone_name: str, at: datetime) -> str:
    """Do what a form of the page asks; returns what was done, as the page words it."""
    said = request.POST
    proof = consent.Proof(client_address=client_address(request), user_agent=request.headers.get("User-Agent", "")[:300])
    verb = said.get("action", "")
    done: dict[str, Callable[[], None]] = {
        "resume": lambda: choosing.resume(customer, at=at),
        "nothing": lambda: choosing.refuse_everything(customer, wording=_("Send me nothing more"), proof=proof, at=at),
    }
    if verb in done:
        done[verb]()
        return verb
    if not any(name in said for name in ("topic", "shown", "action")):
        done["nothing"]()  # the button of the page's older form, which named nothing
        return "nothing"
    choices = choosing.Choices(
        topics=frozenset(said.getlist("topic")),
        shown=frozenset(said.getlist("shown")) if "action" in said else None,
        pause=said.get("pause", pauses.KEEP),
        until=_day(said.get("until", "")),
        weekly_limit=_limit(said.get("limit")),
        is_tracked=("tracked" in said) if "shown" in said else None,
        language=_language(said.get("language"), customer.locale),
    )
    choosing.choose(customer, choices, wording=_("Choose what you get from us"), zone=zone_name, proof=proof, at=at)
    return "saved"


def _day(text: str) -> date | None:
    try:
        return parse_date(text[:10])
    except ValueError:
        return None


def _limit(text: str | None) -> int | choosing.Same | None:
    if text is None:
        return choosing.SAME
    return int(text) if text in LIMITS else None if text == "" else choosing.SAME


def _language(text: str | None, present: str) -> str:
    return text if text is not None and text in {"", *dict(settings.LANGUAGES)} else present
