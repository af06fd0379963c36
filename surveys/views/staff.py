"""Staff pages of surveys."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import staff
from config.kit.clock import now
from customers.actions import audit
from customers.models import Customer
from surveys.actions import edit
from surveys.enums import SurveyState
from surveys.forms import DEFAULTS, CommentFilterForm, SurveyForm
from surveys.models import LatestScore, Survey, SurveyStop
from surveys.queries import lists, results
from surveys.queries.merge import PREVIEW, link

COMMENTS_PER_PAGE = 25


@staff("surveys.view_survey")
def survey_list(request: HttpRequest) -> HttpResponse:
    """Every survey with its score."""
    return render(request, "surveys/survey_list.html", {"rows": lists.surveys(), "live": lists.live()})


@staff("surveys.add_survey")
def survey_create(request: HttpRequest) -> HttpResponse:
    """A new draft, with a question and follow-ups that work as they are."""
    form = SurveyForm(request.POST or None, initial=DEFAULTS)
    if request.method == "POST" and form.is_valid():
        survey = edit.save(form.save(commit=False), by=request.user.pk, at=now())
        audit.note("survey.created", subject=str(survey), user_id=request.user.pk, at=now())
        messages.success(request, _("The draft is saved. Open it when you are happy with the preview."))
        return redirect("surveys:results", survey.pk)
    return render(request, "surveys/survey_form.html", {"form": form, "survey": None})


@staff("surveys.change_survey")
def survey_edit(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Change a draft or live survey."""
    survey = get_object_or_404(Survey.objects.exclude(state=SurveyState.CLOSED), pk=survey_id)
    form = SurveyForm(request.POST or None, instance=survey)
    if request.method == "POST" and form.is_valid():
        try:
            edit.save(form.save(commit=False), by=request.user.pk, at=now())
        except edit.SurveyIsClosed:
            messages.error(request, _("This survey was closed meanwhile; nothing was changed."))
        else:
            audit.note("survey.changed", subject=str(survey), user_id=request.user.pk, at=now())
            messages.success(request, _("Saved."))
        return redirect("surveys:results", survey.pk)
    return render(request, "surveys/survey_form.html", {"form": form, "survey": survey})


@staff("surveys.change_survey")
@require_POST
def survey_open(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Take answers from now on."""
    survey = get_object_or_404(Survey, pk=survey_id)
    try:
        edit.go_live(survey, by=request.user.pk, at=now())
    except edit.AnotherSurveyIsLive:
        messages.error(request, _("Another survey is live. Close it first: messages ask with one survey at a time."))
    except edit.SurveyIsClosed:
        messages.error(request, _("A closed survey stays closed. Make a new one."))
    else:
        audit.note("survey.opened", subject=str(survey), user_id=request.user.pk, at=now())
        messages.success(request, _("Live. Put {{ survey.nps_link }} into a message to ask your customers."))
    return redirect("surveys:results", survey.pk)


@staff("surveys.change_survey")
@require_POST
def survey_close(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Take no answers any more."""
    survey = get_object_or_404(Survey, pk=survey_id)
    edit.close(survey, by=request.user.pk, at=now())
    audit.note("survey.closed", subject=str(survey), user_id=request.user.pk, at=now())
    messages.success(request, _("Closed. The results stay."))
    return redirect("surveys:results", survey.pk)


@staff("surveys.view_survey")
def survey_results(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Score with its interval, distribution, months, groups."""
    survey = get_object_or_404(Survey, pk=survey_id)
    at, period = now(), _period(request)
    since = results.since(period, at=at)
    newest = results.newest_per_person(results.counted(survey, since=since))
    months = results.months(survey, since=since)
    groupings = results.groupings()
    by = request.GET.get("by", "")
    by = by if by in dict(groupings) else groupings[0][0]
    context = {
        "survey": survey,
        "score": results.score_of(results.counts(newest)),
        "rate": results.response_rate(survey, since=since),
        "excluded_count": results.excluded_count(survey),
        "months": months,
        "distribution_chart": _distribution_chart(results.distribution(newest)),
        "trend_chart": _trend_chart(months),
        "periods": _periods(survey, period),
        "period": period,
        "groupings": groupings,
        "by": by,
        "groups": results.groups(newest, by=by),
        "comments": results.comments(newest)[:5] if request.user.has_perm("surveys.view_response") else [],
        "preview_url": link(PREVIEW, survey.pk),
        "minimum": results.nps.MINIMUM,
        "can_change": request.user.has_perm("surveys.change_survey"),
    }
    return render(request, "surveys/survey_results.html", context)


@staff("surveys.view_survey", "surveys.view_response")
def survey_comments(request: HttpRequest, survey_id: int) -> HttpResponse:
    """What people wrote, searchable."""
    survey = get_object_or_404(Survey, pk=survey_id)
    form = CommentFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = results.comments(results.counted(survey), text=wanted.get("text", ""), band=wanted.get("band", ""))
    page = Paginator(found, COMMENTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"survey": survey, "form": form, "page": page}
    template = "surveys/partials/comment_rows.html" if request.htmx else "surveys/survey_comments.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@staff("surveys.view_response")
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """What one customer was asked and answered."""
    customer = get_object_or_404(Customer, pk=customer_id)
    context = {
        "customer": customer,
        "asked": lists.of_customer(customer.pk)[:20],
        "latest": LatestScore.objects.filter(customer=customer).first(),
        "stop": SurveyStop.objects.filter(customer=customer).first(),
    }
    return render(request, "surveys/partials/customer_panel.html", context)


def _period(request: HttpRequest) -> str:
    period = request.GET.get("period", "365")
    return period if period in results.PERIODS else "365"


def _periods(survey: Survey, current: str) -> list[dict[str, Any]]:
    labels = {"30": _("30 days"), "90": _("90 days"), "365": _("12 months"), "all": _("All time")}
    url = reverse("surveys:results", args=[survey.pk])
    return [
        {"label": label, "url": f"{url}?period={key}", "is_current": key == current, "count": None}
        for key, label in labels.items()
    ]


def _distribution_chart(counts: list[int]) -> dict[str, Any]:
    return {
        "id": "distribution",
        "title": _("Answers by score"),
        "kind": "bar",
        "labels": [str(score) for score in range(11)],
        "series": [{"name": _("Answers"), "values": counts}],
        "unit": "number",
    }


def _trend_chart(months: list[results.Month]) -> dict[str, Any]:
    def points(value: float | None) -> float | None:
        return None if value is None else round(value, 1)

    return {
        "id": "trend",
        "title": _("NPS by month"),
        "kind": "line",
        "labels": [f"{month.first_day:%b %Y}" for month in months],
        "series": [
            {"name": _("NPS"), "values": [points(month.score.value) for month in months]},
            {"name": _("lowest likely"), "values": [points(month.score.low) for month in months], "dashed": True},
            {"name": _("highest likely"), "values": [points(month.score.high) for month in months], "dashed": True},
        ],
        "unit": "number",
    }
