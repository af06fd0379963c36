"""The customer's page. Opening it writes nothing, whoever opens it: mail firewalls follow every link.

The forms need no CSRF cookie: who may answer follows from the token in the address alone, and each page carries a signed
stamp that a POST must bring back. (These pages send no referrer, and browsers then say `Origin: null`.)
"""

import secrets
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from config.kit import tokens
from config.kit.access import public
from config.kit.clock import now
from customers.ports import merge
from surveys.actions import answer as answers
from surveys.forms import AnswerForm
from surveys.models import Invitation, Survey
from surveys.queries.merge import INVITATION, PREVIEW
from surveys.rules.nps import band_of

STAMP_AGE = 7 * 24 * 3600
SCORES = range(11)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a link asks: an invitation, or nobody in a preview."""

    token: str
    survey: Survey
    invitation: Invitation | None


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def answer_survey(request: HttpRequest, token: str) -> HttpResponse:
    """Question with the score of the mail preselected; the button sends it."""
    asked = _asked(token)
    if request.method == "HEAD":
        return HttpResponse()
    if not _takes_answers(asked):
        return _closed(request, asked)
    if request.method == "GET":
        return _page(request, asked, score=_score(request.GET.get("score")))
    form = AnswerForm(request.POST)
    page = _stamp_of(request, asked)
    if page is None or not form.is_valid():
        return _page(request, asked, score=_score(request.POST.get("score")), has_error=True)
    if asked.invitation is not None and not _store(request, asked.invitation, form.cleaned_data, page, is_final=True):
        return _closed(request, asked)
    return _thanks(request, asked, form.cleaned_data["score"])


@csrf_exempt
@public
@require_POST
def early_answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page's script tells the score once a person has been looking at it; it counts only when confirmed."""
    asked = _asked(token)
    form, page = AnswerForm(request.POST), _stamp_of(request, asked)
    if page is None or not form.is_valid():
        return HttpResponse(status=400)
    if asked.invitation is not None:
        _store(request, asked.invitation, form.cleaned_data, page, is_final=False)
    return HttpResponse(status=204)


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def wrong_person(request: HttpRequest, token: str) -> HttpResponse:
    """The mail reached somebody else: asked on GET, noted on POST."""
    return _wish(request, token, "surveys/public_wrong_person.html", _note_wrong_person)


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def stop_surveys(request: HttpRequest, token: str) -> HttpResponse:
    """No more surveys for this customer: asked on GET, noted on POST."""
    return _wish(request, token, "surveys/public_stop.html", _note_stop)


def _note_wrong_person(invitation: Invitation) -> None:
    answers.refuse(invitation.pk, at=now())


def _note_stop(invitation: Invitation) -> None:
    answers.stop(invitation.customer_id, at=now())


def _wish(request: HttpRequest, token: str, template: str, note: Any) -> HttpResponse:
    asked = _asked(token)
    if request.method == "HEAD":
        return HttpResponse()
    is_done = request.method == "POST" and _stamp_of(request, asked) is not None
    if is_done and asked.invitation is not None:
        note(asked.invitation)
    back = reverse("surveys:answer", args=[token])
    return render(request, template, {"is_done": is_done, "stamp": _stamp(asked), "back": back})


def _asked(token: str) -> Asked:
    try:
        invitation_id = tokens.read(INVITATION, token)
    except tokens.BadToken:
        return _previewed(token)
    found = Invitation.objects.select_related("survey", "customer", "response").filter(pk=invitation_id).first()
    if found is None:
        raise Http404
    return Asked(token, found.survey, found)


def _previewed(token: str) -> Asked:
    try:
        survey = Survey.objects.filter(pk=tokens.read(PREVIEW, token)).first()
    except tokens.BadToken as error:
        raise Http404 from error
    if survey is None:
        raise Http404
    return Asked(token, survey, None)


def _takes_answers(asked: Asked) -> bool:
    return asked.invitation is None or answers.is_open(asked.invitation, at=now())


def _score(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 10 else None


def _salt(asked: Asked) -> str:
    return f"surveys.page:{asked.token}"


def _stamp(asked: Asked) -> str:
    return signing.dumps(secrets.token_hex(8), salt=_salt(asked))


def _stamp_of(request: HttpRequest, asked: Asked) -> str | None:
    try:
        return str(signing.loads(request.POST.get("stamp", ""), salt=_salt(asked), max_age=STAMP_AGE))
    except signing.BadSignature:
        return None


def _store(request: HttpRequest, invitation: Invitation, sent: dict[str, Any], page: str, *, is_final: bool) -> bool:
    answer = answers.Answer(
        score=sent["score"],
        comment=sent["comment"],
        may_contact=sent["may_contact"],
        is_final=is_final,
        is_human=sent["human"],
        page=page,
        user_agent=request.headers.get("User-Agent", ""),
    )
    try:
        answers.take(invitation.pk, answer=answer, at=now())
    except answers.CannotAnswer:
        return False
    return True


def _page(request: HttpRequest, asked: Asked, *, score: int | None, has_error: bool = False) -> HttpResponse:
    response = getattr(asked.invitation, "response", None)
    if score is None and response is not None:
        score = response.score
    survey = asked.survey
    context = {
        "survey": survey,
        "first_name": asked.invitation.customer.first_name if asked.invitation else "",
        "is_preview": asked.invitation is None,
        "is_change": response is not None and response.confirmed_at is not None,
        "scores": [{"value": value, "is_checked": value == score, "band": band_of(value)} for value in SCORES],
        "band": band_of(score) if score is not None else "",
        "whys": [
            ("detractor", survey.why_detractor), ("passive", survey.why_passive), ("promoter", survey.why_promoter)
        ],
        "has_error": has_error,
        "stamp": _stamp(asked),
        "early_url": reverse("surveys:early", args=[asked.token]),
        "wrong_person_url": reverse("surveys:wrong-person", args=[asked.token]),
        "stop_url": reverse("surveys:stop", args=[asked.token]),
        "comment": request.POST.get("comment", "")[: answers.COMMENT_LENGTH],
    }  # fmt: skip
    return render(request, "surveys/public_survey.html", context, status=400 if has_error else 200)


def _thanks(request: HttpRequest, asked: Asked, score: int) -> HttpResponse:
    survey, band = asked.survey, band_of(score)
    text = {"detractor": survey.thanks_detractor, "passive": survey.thanks_passive, "promoter": survey.thanks_promoter}
    context = {
        "text": text[band],
        "band": band,
        "is_preview": asked.invitation is None,
        "share_link": _share_link(asked) if band == "promoter" and survey.asks_promoters_to_refer else None,
        "back": reverse("surveys:answer", args=[asked.token]),
    }
    return render(request, "surveys/public_thanks.html", context)


def _share_link(asked: Asked) -> str | None:
    """The customer's page for recommending, when the referral programme offers one."""
    if asked.invitation is None or not any(source.key == "referral" for source in merge.all()):
        return None
    customer_id = asked.invitation.customer_id
    reference = f"survey:{asked.survey.pk}"
    values = merge.get("referral").fetch([customer_id], merge.MergeContext(at=now(), reference=reference))
    link = values.get(customer_id, {}).get("share_link")
    return str(link) if link else None


def _closed(request: HttpRequest, asked: Asked) -> HttpResponse:
    invitation = asked.invitation
    response = getattr(invitation, "response", None)
    if invitation is not None and invitation.refused_at:
        state = "refused"
    elif asked.survey.state != "live":
        state = "closed"
    else:
        state = "answered" if response is not None else "expired"
    return render(request, "surveys/public_closed.html", {"state": state}, status=410)
