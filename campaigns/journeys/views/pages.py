"""The list of journeys and the tabs of one."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns.enums import SourceKind
from campaigns.journeys.enums import EnrolmentState, JourneyState
from campaigns.journeys.models import IS_ACTIVE, Enrolment, Journey, JourneyStep, JourneyVersion
from campaigns.journeys.queries import checks, listing, people, tree
from campaigns.journeys.rules.recipes import RECIPES
from campaigns.models.message import Message
from config.kit.access import number_in, staff
from customers.models import AuditEntry, Customer

PAGE = 50


@staff("campaigns.view_journey")
@require_safe
def journey_list(request: HttpRequest) -> HttpResponse:
    """All journeys with their figures."""
    journeys = list(Journey.objects.order_by("state", "name", "id")[:500])
    order = [JourneyState.LIVE, JourneyState.PAUSED, JourneyState.DRAFT, JourneyState.STOPPED]
    journeys.sort(key=lambda journey: order.index(JourneyState(journey.state)))
    return render(request, "campaigns/journeys/journey_list.html", {"rows": listing.summaries(journeys)})


@staff("campaigns.add_journey")
@require_safe
def journey_new(request: HttpRequest) -> HttpResponse:
    """The ready-made journeys to start from."""
    return render(request, "campaigns/journeys/journey_new.html", {"recipes": list(RECIPES.values())})


@staff("campaigns.view_journey")
@require_safe
def journey_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The steps as cards, with who stands where."""
    journey = get_object_or_404(Journey.objects.select_related("topic"), pk=pk)
    versions = list(journey.versions.order_by("-number"))
    version = _chosen(request, versions)
    draft = next((found for found in versions if found.published_at is None), None)
    context = _frame(journey, "overview") | {
        "version": version,
        "versions": versions,
        "draft": draft,
        "cards": tree.cards(version) if version else [],
        "problems": checks.problems(journey, draft or version) if version and _may_start(journey, draft) else [],
    }
    return render(request, "campaigns/journeys/journey_detail.html", context)


def _may_start(journey: Journey, draft: JourneyVersion | None) -> bool:
    return draft is not None or journey.state in (JourneyState.DRAFT, JourneyState.STOPPED)


def _chosen(request: HttpRequest, versions: list[JourneyVersion]) -> JourneyVersion | None:
    """The version asked for, else the newest published one, else the draft."""
    wanted = request.GET.get("version", "")
    if wanted:
        found = next((version for version in versions if str(version.number) == wanted), None)
        if found is None:
            raise Http404
        return found
    published = [version for version in versions if version.published_at]
    return next(iter(published or versions), None)


@staff("campaigns.view_journey", "customers.view_customer")
@require_safe
def journey_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is in the journey: those at one step, or all, newest first."""
    journey = get_object_or_404(Journey, pk=pk)
    step_id, state = request.GET.get("step", ""), request.GET.get("state", "")
    rows = Enrolment.objects.filter(journey=journey).select_related("customer", "step", "version")
    if step_id:
        if number_in(step_id) is None:
            raise Http404
        rows = rows.filter(IS_ACTIVE, step_id=number_in(step_id)).order_by("due_at", "id")
    else:
        if state:
            if state not in EnrolmentState.values:
                raise Http404
            rows = rows.filter(state=state)
        rows = rows.order_by("-entered_at", "-id")
    context = _frame(journey, "people") | {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "step": journey_step(journey, step_id),
        "state": state,
        "states": EnrolmentState.choices,
    }
    return render(request, "campaigns/journeys/journey_people.html", context)


def journey_step(journey: Journey, step_id: str) -> JourneyStep | None:
    """The step that the page of people is narrowed to, None for all steps."""
    return get_object_or_404(JourneyStep, pk=int(step_id), version__journey=journey) if step_id else None


@staff("campaigns.view_journey", "customers.view_customer")
@require_safe
def journey_messages(request: HttpRequest, pk: int) -> HttpResponse:
    """Every message of the journey with its state and reason."""
    journey = get_object_or_404(Journey, pk=pk)
    rows = (
        Message.objects.filter(source_kind=SourceKind.JOURNEY, source_id=journey.pk)
        .select_related("customer", "content_version__content")
        .order_by("-due_at", "-id")
    )
    context = _frame(journey, "messages") | {"page": Paginator(rows, PAGE).get_page(request.GET.get("page"))}
    return render(request, "campaigns/journeys/journey_messages.html", context)


@staff("campaigns.view_journey")
@require_safe
def journey_history(request: HttpRequest, pk: int) -> HttpResponse:
    """Versions and what staff did."""
    journey = get_object_or_404(Journey, pk=pk)
    entries = AuditEntry.objects.filter(verb__startswith="journey.", detail__journey_id=journey.pk)
    context = _frame(journey, "history") | {
        "versions": journey.versions.select_related("published_by").order_by("-number"),
        "entries": entries.select_related("user").order_by("-at", "-id")[:100],
    }
    return render(request, "campaigns/journeys/journey_history.html", context)


@staff("campaigns.view_journey")
@require_safe
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A customer's journeys: where they stand now, what happened, and why."""
    get_object_or_404(Customer, pk=customer_id)
    return render(request, "campaigns/journeys/partials/customer_panel.html", {"runs": people.runs_of(customer_id)})


def _frame(journey: Journey, current: str) -> dict[str, Any]:
    """What every tab shows."""
    labels = {"overview": _("Overview"), "people": _("People"), "messages": _("Messages"), "history": _("History")}
    names = {"overview": "detail"}
    tabs = [
        {
            "label": label,
            "url": reverse(f"campaigns:journey-{names.get(key, key)}", args=[journey.pk]),
            "is_current": key == current,
            "count": None,
        }
        for key, label in labels.items()
    ]
    return {"journey": journey, "row": listing.summaries([journey])[0], "tabs": tabs, "tab": current}
