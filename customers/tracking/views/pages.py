"""The tracking plan: events, attributes, one event with its properties, and the plan as a file."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import staff
from config.kit.clock import local_day, now
from customers.enums import PlanStatus
from customers.models import TrackedEvent, TrackedProperty
from customers.ports import event_types
from customers.queries import brand
from customers.tracking import queries
from customers.tracking.actions import plan
from customers.tracking.forms import EventForm, PropertyForm, UploadForm
from customers.tracking.rules.kinds import KINDS
from customers.tracking.rules.plan_file import NotAPlan, PlannedProperty


@staff("customers.view_trackedevent")
def tracking_list(request: HttpRequest) -> HttpResponse:
    """Events that clients sent or that were planned; those with warnings first."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    status = request.GET.get("status", "")
    rows = queries.own_events()
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(description__icontains=text))
    if status in PlanStatus.values:
        rows = rows.filter(status=status)
    warned = set(TrackedProperty.objects.filter(warned_at__isnull=False).exclude(event="").values_list("event", flat=True))
    ordered = sorted(
        rows.order_by(F("last_seen_at").desc(nulls_last=True), "name").values_list("pk", "name"),
        key=lambda row: row[1] not in warned,
    )
    page = Paginator([pk for pk, _name in ordered], 50).get_page(request.GET.get("page"))
    events = TrackedEvent.objects.in_bulk(list(page))
    shown = [events[pk] for pk in page if pk in events]
    names = [event.name for event in shown]
    figures, days = queries.figures(names), queries.by_day(names, _today())
    context = {
        "page": page, "q": text, "status": status, "statuses": PlanStatus.choices, "tabs": queries.tabs("events"),
        "warning_count": queries.warning_count(), "has_any": bool(ordered) or bool(text or status),
        "can_change": request.user.has_perm("customers.change_trackedevent"),
        "rows": [
            {
                "event": event, "figures": figures.get(event.name, {}), "days": _line(days[event.name]),
                "total": sum(days[event.name]),
            }
            for event in shown
        ],
    }  # fmt: skip
    return render(request, "customers/tracking/tracking_list.html", context)


def _today() -> Any:
    return local_day(now(), brand.current().timezone)


def _line(counts: list[int]) -> list[dict[str, int]]:
    """Bars of a picture of 90 by 24: where each begins and how high it is."""
    most = max(counts, default=0)
    return [
        {"x": number * 3, "y": 24 - height, "height": height}
        for number, count in enumerate(counts)
        if (height := round(count / most * 24) if most else 0) or count
    ]


@staff("customers.view_trackedevent")
def attribute_list(request: HttpRequest) -> HttpResponse:
    """Custom attributes of customers with their types."""
    page = Paginator(queries.attributes(), 100).get_page(request.GET.get("page"))
    context = {
        "page": page, "tabs": queries.tabs("attributes"), "types": KINDS,
        "can_change": request.user.has_perm("customers.change_trackedproperty"),
    }  # fmt: skip
    return render(request, "customers/tracking/attribute_list.html", context)


@staff("customers.view_trackedevent", "customers.view_event")
def tracking_event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event: what it holds, where it is used, and what is planned."""
    event = get_object_or_404(TrackedEvent, pk=pk)
    can_change = request.user.has_perm("customers.change_trackedevent")
    form = EventForm(request.POST if request.method == "POST" and can_change else None, instance=event)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        plan.describe(event, status=values["status"], description=values["description"], user_id=request.user.pk, at=now())
        messages.success(request, _("Saved."))
        return redirect("customers:tracking-event", pk)
    rows = TrackedProperty.objects.filter(event=event.name)
    days = queries.by_day([event.name], _today())[event.name]
    context = {
        "event": event, "form": form, "can_change": can_change, "types": KINDS, "uses": queries.uses(event.name),
        "properties": rows.order_by(F("warned_at").desc(nulls_last=True), "-is_required", "-is_planned", "-count", "name"),
        "sample": json.dumps(event.sample, indent=2, ensure_ascii=False, sort_keys=True), "chart": _chart(days),
        "is_own": event_types.has(event.name),
    }  # fmt: skip
    return render(request, "customers/tracking/tracking_event.html", context)


def _chart(days: list[int]) -> dict[str, Any] | None:
    if not any(days):
        return None
    today = _today()
    labels = [(today - timedelta(days=len(days) - 1 - number)).isoformat() for number in range(len(days))]
    return {
        "id": "event-days", "title": _("Per day"), "kind": "bar", "unit": "number", "labels": labels,
        "series": [{"name": _("Events"), "values": days}],
    }  # fmt: skip


@staff("customers.change_trackedproperty")
@require_POST
def property_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Set what is expected of a property or attribute, or clear its warning."""
    row = get_object_or_404(TrackedProperty, pk=pk)
    if "clear" in request.POST:
        plan.clear(row, user_id=request.user.pk, at=now())
        messages.success(request, _("The warning is cleared."))
    else:
        form = PropertyForm(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            wanted = PlannedProperty(values["type"], values["planned"], values["required"], values["description"])
            plan.expect(row, wanted, user_id=request.user.pk, at=now())
            messages.success(request, _("Saved."))
        else:
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    event = TrackedEvent.objects.filter(name=row.event).first() if row.event else None
    return redirect("customers:tracking-event", event.pk) if event else redirect("customers:tracking-attributes")


@staff("customers.view_trackedevent")
def tracking_download(request: HttpRequest) -> HttpResponse:
    """The whole plan as a JSON file."""
    text = json.dumps(queries.plan(), indent=2, ensure_ascii=False, sort_keys=True)
    headers = {"Content-Disposition": 'attachment; filename="tracking-plan.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


@staff("customers.change_trackedevent", "customers.change_trackedproperty")
def tracking_upload(request: HttpRequest) -> HttpResponse:
    """Take a plan file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            events, properties = plan.upload(form.cleaned_data["file"], user_id=request.user.pk, at=now())
        except NotAPlan as error:
            form.add_error("file", str(error))
        else:
            text = _("The plan is in force: %(events)d events, %(properties)d properties.")
            messages.success(request, text % {"events": events, "properties": properties})
            return redirect("customers:tracking-list")
    return render(request, "customers/tracking/tracking_upload.html", {"form": form})
