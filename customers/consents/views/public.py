"""What everybody may open: the sign-up form, and the link that confirms a sign-up."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.kit import tokens
from config.kit.access import client_address, public
from config.kit.clock import now
from customers.consents.actions import opt_in
from customers.consents.adapters import limits
from customers.consents.forms import SignUp, topics_offered
from customers.consents.rules.forms import is_machine
from customers.consents.rules.links import preferences_url
from customers.consents.rules.masks import masked
from customers.models import SignupForm

STAMP = "sign-up-stamp"


def _visitor(request: HttpRequest) -> opt_in.Visitor:
    return opt_in.Visitor(client_address(request), request.headers.get("User-Agent", "")[:300])


def _seconds(request: HttpRequest) -> float | None:
    """How long ago the form was shown; None when it stood elsewhere, 0 when the stamp is forged."""
    stamp = request.POST.get("stamp", "")
    if not stamp:
        return None
    try:
        return now().timestamp() - tokens.read(STAMP, stamp)
    except tokens.BadToken:
        return 0


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, code: str) -> HttpResponse:
    """A form through which people ask to be written to. The answer is the same for every address.

    It carries no cookie and takes no CSRF token: it may stand on any website, and a request alone changes nothing.
    """
    form = SignupForm.objects.filter(code=code, is_active=True).first()
    if form is None:
        raise Http404
    topics = [topic for topic in topics_offered() if topic.pk in set(form.topics.values_list("pk", flat=True))]
    filled = SignUp(request.POST if request.method == "POST" else None, form=form, topics=topics)
    context: dict[str, Any] = {"form": form, "filled": filled, "topics": topics, "is_sent": False}
    if request.method == "POST" and filled.is_valid():
        if not limits.may_sign_up(client_address(request)):
            answer = render(request, "customers/consents/public/too_many.html", {"form": form}, status=429)
            answer["Retry-After"] = str(limits.WINDOW)
            return answer
        is_person = not is_machine(honeypot=request.POST.get("nickname", ""), seconds=_seconds(request))
        if is_person and limits.may_write(email := filled.cleaned_data["email"]):
            opt_in.request(
                form, email=email, topics=filled.chosen(),
                first_name=filled.cleaned_data.get("first_name", ""), last_name=filled.cleaned_data.get("last_name", ""),
                locale=get_language() or "", visitor=_visitor(request), at=now(),
            )  # fmt: skip
        context["is_sent"] = True
    context["stamp"] = tokens.sign(STAMP, int(now().timestamp()))
    return render(request, "customers/consents/public/sign_up.html", context)


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what is confirmed, and a button; POST confirms. Scanners that follow the link confirm nothing."""
    at = now()
    try:
        found = opt_in.find(token)
        if request.method == "POST" and request.POST.get("action") == "again":
            opt_in.again(token, visitor=_visitor(request), at=at)
            return render(request, "customers/consents/public/confirm.html", {"state": "sent", "token": token})
        if request.method == "POST":
            customer = opt_in.confirm(token, visitor=_visitor(request), at=at)
            return redirect(f"{preferences_url(customer.pk)}?welcome=1")
    except opt_in.NoSuchRequest as error:
        raise Http404 from error
    except opt_in.Lapsed:
        pass
    state = "done" if found.confirmed_at else "lapsed" if found.expires_at <= at else "open"
    context = {
        "state": state, "token": token, "opt_in": found, "topics": opt_in.topics_of(found), "address": masked(found.email),
        "preferences": preferences_url(found.customer_id) if found.confirmed_at and found.customer_id else "",
    }  # fmt: skip
    return render(request, "customers/consents/public/confirm.html", context)
