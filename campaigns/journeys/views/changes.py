"""Making, editing and switching journeys."""

from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.journeys.actions import lifecycle
from campaigns.journeys.actions.lifecycle import NotReady, WrongState
from campaigns.journeys.forms import MailForm, NameForm, SettingsForm, WaitForm, form_kind
from campaigns.journeys.models import Journey, JourneyStep, JourneyVersion
from campaigns.journeys.rules import graph
from campaigns.journeys.rules.graph import NotAGraph
from campaigns.journeys.rules.recipes import RECIPES
from config.kit.access import staff
from config.kit.clock import now

DONE = {
    "live": "“%s” is live. Events from now on let people in.",
    "pause": "“%s” is paused. Nobody enters and nothing new is sent.",
    "resume": "“%s” goes on.",
    "stop": "“%s” is stopped. Everybody inside leaves it now.",
}


@staff("campaigns.add_journey")
@require_POST
def journey_create(request: HttpRequest) -> HttpResponse:
    """Make a draft from a recipe."""
    recipe = RECIPES.get(request.POST.get("recipe", ""))
    if recipe is None:
        raise Http404
    journey = lifecycle.create_from_recipe(recipe, user_id=request.user.pk, at=now())
    messages.success(request, _("The draft is ready. Read the e-mails, then switch it live."))
    return redirect("campaigns:journey-detail", journey.pk)


@staff("campaigns.publish_journey")
@require_POST
def journey_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Live, pause, resume or stop."""
    journey = get_object_or_404(Journey, pk=pk)
    verbs = {
        "live": lifecycle.go_live,
        "pause": lifecycle.pause,
        "resume": lifecycle.resume,
        "stop": lifecycle.stop,
    }
    verb = request.POST.get("verb", "")
    if verb not in verbs:
        raise Http404
    try:
        verbs[verb](journey, user_id=request.user.pk, at=now())
    except NotReady as error:
        messages.error(request, _("Not yet: %s") % error.problems[0].text)
    except WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, DONE[verb] % journey.name)
    return redirect("campaigns:journey-detail", pk)


@staff("campaigns.publish_journey")
@require_POST
def journey_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish the draft: new people enter it, people inside stay on their version."""
    journey = get_object_or_404(Journey, pk=pk)
    try:
        version = lifecycle.publish(journey, user_id=request.user.pk, at=now())
    except NotReady as error:
        messages.error(request, _("Not yet: %s") % error.problems[0].text)
    except WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Version %d is published. People inside finish the version they entered.") % version.number
        )
    return redirect("campaigns:journey-detail", pk)


@staff("campaigns.change_journey")
@require_http_methods(["GET", "HEAD", "POST"])
def journey_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Settings of the journey, and its steps to choose from."""
    journey = get_object_or_404(Journey, pk=pk)
    form = SettingsForm(request.POST or None, instance=Journey.objects.get(pk=pk))
    if request.method == "POST" and form.is_valid():
        lifecycle.change_settings(journey, values=form.settings(), user_id=request.user.pk, at=now())
        messages.success(request, _("Saved."))
        return redirect("campaigns:journey-detail", pk)
    return render(request, "campaigns/journeys/journey_edit.html", {"journey": journey, "form": form})


@staff("campaigns.change_journey")
@require_http_methods(["GET", "HEAD", "POST"])
def step_edit(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """One step: its e-mail, or how long it waits. Saving makes a draft; publishing it makes it count."""
    journey = get_object_or_404(Journey, pk=pk)
    newest = journey.versions.order_by("-number").first()
    step = get_object_or_404(JourneyStep.objects.select_related("content"), version=newest, key=key)
    form = _form(request, step, graph.find(newest.graph, key) or {} if newest else {})
    if request.method == "POST" and form.is_valid():
        draft = lifecycle.draft_of(journey)
        try:
            _save(draft, key, form)
        except NotAGraph as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Saved in the draft. Publish it to let it count."))
            return redirect("campaigns:journey-detail", pk)
    context = {"journey": journey, "step": step, "form": form, "kind": form_kind(step)}
    return render(request, "campaigns/journeys/step_edit.html", context)


def _form(request: HttpRequest, step: JourneyStep, spec: dict[str, Any]) -> BaseForm:
    data, kind = request.POST or None, form_kind(step)
    if kind == "mail":
        return MailForm(data, instance=step.content)
    if kind == "wait":
        initial = {name: spec.get(name, 0) for name in ("days", "hours")} | {
            "name": step.name, "at": spec.get("at", ""), "weekdays": spec.get("weekdays", []),
        }  # fmt: skip
        return WaitForm(data, initial=initial, kind=step.kind)
    return NameForm(data, initial={"name": step.name})


def _save(draft: JourneyVersion, key: str, form: BaseForm) -> None:
    values, at = form.cleaned_data, now()
    if isinstance(form, MailForm):
        form.instance.updated_at = at
        form.save()
        return
    if isinstance(form, WaitForm):
        lifecycle.change_wait(
            draft, key, days=values["days"], hours=values["hours"], clock=values.get("at", ""),
            weekdays=values.get("weekdays", []), at=at,
        )  # fmt: skip
    lifecycle.rename_step(draft, key, name=values["name"], at=at)
