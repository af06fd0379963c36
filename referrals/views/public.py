"""The friend's page and the member's page.

A friend's claim answers the same for every address, so that nobody can ask this page who our customers are; only a browser
that has opened a member's own page is told that it belongs to one. The forms need no CSRF cookie: they carry a signed
stamp of the page (these pages send no referrer, and browsers then say `Origin: null`).
"""

import secrets
from typing import Any

import segno
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from config.kit import tokens
from config.kit.access import client_address, public
from config.kit.clock import now
from customers.models import Customer
from referrals.actions import claim as claims
from referrals.actions import share
from referrals.adapters import limits
from referrals.forms import ClaimForm
from referrals.models import Code, Programme, Referral
from referrals.queries import programme as programmes
from referrals.queries.merge import MEMBER, SAMPLE_CODE, friend_link, share_link
from referrals.rules import emails
from referrals.rules.visitors import is_machine

VISITOR_COOKIE, MEMBER_COOKIE = "referral_visitor", "referral_member"
VISITOR_AGE, MEMBER_AGE = 90 * 24 * 3600, 400 * 24 * 3600
STAMP_AGE = 24 * 3600
MEDIA = ("copy", "email", "whatsapp", "native", "qr")
SHOWN_FRIENDS = 50


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def friend_page(request: HttpRequest, code: str) -> HttpResponse:
    """What a friend gets, and the field that reserves it."""
    network = client_address(request)
    if not limits.may_try(network):
        return render(request, "referrals/public_slow_down.html", status=429)
    if code == SAMPLE_CODE:
        return _friend(request, None, programmes.active(), is_sample=True)
    found = _found(code) if _is_code(code) else None
    if found is None:
        limits.note_miss(network)
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    state, programme = _state(request, found), programmes.active()
    if programme is None:
        return render(request, "referrals/public_state.html", {"state": "ended", "own_link": None}, status=410)
    if state:
        return render(request, "referrals/public_state.html", {"state": state, "own_link": _own_link(request)})
    if request.method == "POST":
        return _claim(request, found, programme)
    return _visit(request, found, programme)


def _found(text: str) -> Code | None:
    """The code, or the one it leads to: its owner may have been merged into another customer, more than once."""
    code = Code.objects.select_related("customer").filter(code=text.upper()).first()
    while code is not None and code.customer_id is None:
        if code.leads_to_id is None:
            return None
        code = Code.objects.select_related("customer").filter(pk=code.leads_to_id).first()
    return code


def _is_code(text: str) -> bool:
    return len(text) <= 40 and text.isascii() and text.isalnum()


def _visit(request: HttpRequest, code: Code, programme: Programme) -> HttpResponse:
    """Show the offer; a browser that is new here gets its cookie and is counted, a program is only noted as one."""
    response = _friend(request, code, programme)
    agent = request.headers.get("User-Agent", "")
    is_bot = is_machine(agent)
    visitor = request.COOKIES.get(VISITOR_COOKIE, "")
    if not visitor and not is_bot:
        visitor = tokens.random_token()
        _set_cookie(response, VISITOR_COOKIE, visitor, VISITOR_AGE)
    medium = request.GET.get("m", "")
    if limits.may_click(client_address(request)):
        share.note_click(
            code,
            visitor_hash=_visitor_hash(visitor),
            network_hash=_network_hash(request),
            user_agent=agent,
            is_bot=is_bot,
            medium=medium if medium in MEDIA else "",
            at=now(),
        )
    return response


def _claim(request: HttpRequest, code: Code, programme: Programme) -> HttpResponse:
    form = ClaimForm(request.POST)
    if not _has_stamp(request, f"friend:{code.pk}") or not form.is_valid():
        return _friend(request, code, programme, form=form, status=400)
    if not limits.may_claim(client_address(request)):
        return render(request, "referrals/public_slow_down.html", status=429)
    visitor = claims.Visitor(
        _visitor_hash(request.COOKIES.get(VISITOR_COOKIE, "")), _network_hash(request), _agent_hash(request)
    )
    try:
        claims.claim(code, programme=programme, email=form.cleaned_data["email"], visitor=visitor, at=now())
    except claims.LinkIsFull:
        return render(request, "referrals/public_state.html", {"state": "full", "own_link": None})
    return render(request, "referrals/public_claimed.html", {"programme": programme, "code": code.code})


def _friend(
    request: HttpRequest,
    code: Code | None,
    programme: Programme | None,
    *,
    form: ClaimForm | None = None,
    is_sample: bool = False,
    status: int = 200,
) -> HttpResponse:
    if programme is None:
        return render(request, "referrals/public_state.html", {"state": "ended", "own_link": None}, status=410)
    context = {
        "programme": programme,
        "first_name": code.customer.first_name if code and code.customer else "",
        "form": form or ClaimForm(),
        "has_error": form is not None,
        "is_sample": is_sample,
        "stamp": _stamp(f"friend:{code.pk}") if code else "",
    }
    return render(request, "referrals/public_friend.html", context, status=status)


def _state(request: HttpRequest, code: Code) -> str:
    """ "own" for the owner's browser, "member" for that of another customer, otherwise ""."""
    member = _member_of(request)
    if member is None:
        return ""
    return "own" if member == code.customer_id else "member"


def _own_link(request: HttpRequest) -> str | None:
    member = _member_of(request)
    return share_link(member) if member is not None else None


def _member_of(request: HttpRequest) -> int | None:
    try:
        return int(signing.loads(request.COOKIES.get(MEMBER_COOKIE, ""), salt=MEMBER_COOKIE, max_age=MEMBER_AGE))
    except (signing.BadSignature, ValueError, TypeError):
        return None


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def share_page(request: HttpRequest, token: str) -> HttpResponse:
    """A member's own link, what became of it, and the terms. A POST makes the code of a member who has none."""
    customer = _member(token)
    if request.method == "HEAD":
        return HttpResponse()
    if request.method == "POST" and _has_stamp(request, f"member:{customer.pk}"):
        share.ensure_codes([customer.pk], at=now())
    programme = programmes.active()
    code = Code.objects.filter(customer=customer).first()
    context: dict[str, Any] = {
        "programme": programme,
        "code": code,
        "first_name": customer.first_name,
        "stamp": _stamp(f"member:{customer.pk}"),
    }
    if programme is not None and code is not None:
        context |= _shared(customer, code, programme, token)
    response = render(request, "referrals/public_share.html", context)
    _recognise_member(request, response, customer, code)
    return response


def _shared(customer: Customer, code: Code, programme: Programme, token: str) -> dict[str, Any]:
    link = friend_link(code.code)
    friends = Referral.objects.filter(advocate=customer).exclude(reason="own_link").order_by("-claimed_at")[:SHOWN_FRIENDS]
    # The mark comes from our own generator and holds nothing but the link's squares.
    qr = segno.make(f"{link}?m=qr", error="m").svg_inline(svgclass="qr", lineclass=None, omitsize=True, border=1)
    return {
        "link": link,
        "qr": mark_safe(qr),
        "email_text": _share_text(f"{link}?m=email"),
        "whatsapp_text": _share_text(f"{link}?m=whatsapp"),
        "native_text": _share_text(f"{link}?m=native"),
        "friends": [{"referral": r, "name": emails.masked(r.email)} for r in friends],
        "standing": programmes.standing(customer.pk, programme=programme, at=now()),
        "shared_url": reverse("referrals:shared", args=[token]),
    }


def _share_text(link: str) -> str:
    return _("I like this shop, and with my link you get something too: %(link)s") % {"link": link}


def _recognise_member(request: HttpRequest, response: HttpResponse, customer: Customer, code: Code | None) -> None:
    """The browser of a member is no friend's browser."""
    agent = request.headers.get("User-Agent", "")
    if is_machine(agent):
        return
    visitor = request.COOKIES.get(VISITOR_COOKIE, "")
    if not visitor:
        visitor = tokens.random_token()
        _set_cookie(response, VISITOR_COOKIE, visitor, VISITOR_AGE)
    _set_cookie(response, MEMBER_COOKIE, signing.dumps(customer.pk, salt=MEMBER_COOKIE), MEMBER_AGE)
    if code is not None:
        share.note_owner(
            code,
            visitor_hash=_visitor_hash(visitor),
            network_hash=_network_hash(request),
            agent_hash=_agent_hash(request),
            at=now(),
        )


@csrf_exempt
@public
@require_POST
def note_share(request: HttpRequest, token: str) -> HttpResponse:
    """The page's script tells that the link was copied or passed on."""
    customer = _member(token)
    medium = request.POST.get("medium", "")
    if medium not in MEDIA or not _has_stamp(request, f"member:{customer.pk}"):
        return HttpResponse(status=400)
    share.note_share(customer.pk, medium=medium, at=now())
    return HttpResponse(status=204)


def _member(token: str) -> Customer:
    try:
        customer = Customer.objects.filter(pk=tokens.read(MEMBER, token)).first()
    except tokens.BadToken as error:
        raise Http404 from error
    if customer is None:
        raise Http404
    return customer


def _stamp(purpose: str) -> str:
    return signing.dumps(secrets.token_hex(4), salt=f"referrals.page:{purpose}")


def _has_stamp(request: HttpRequest, purpose: str) -> bool:
    try:
        signing.loads(request.POST.get("stamp", ""), salt=f"referrals.page:{purpose}", max_age=STAMP_AGE)
    except signing.BadSignature:
        return False
    return True


def _set_cookie(response: HttpResponse, name: str, value: str, age: int) -> None:
    response.set_cookie(
        name, value, max_age=age, path="/r/", httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _visitor_hash(visitor: str) -> str:
    return tokens.keyed_hash("referral-visitor", visitor[:64]) if visitor else ""


def _network_hash(request: HttpRequest) -> str:
    address = client_address(request)
    return tokens.keyed_hash(f"referral-network:{now():%Y-%m}", address) if address else ""


def _agent_hash(request: HttpRequest) -> str:
    agent = request.headers.get("User-Agent", "")
    return tokens.keyed_hash("referral-agent", agent[:400]) if agent else ""
