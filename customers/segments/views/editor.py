"""The rule builder: every button posts the whole form, htmx only swaps the part that changed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Segment
from customers.queries import brand
from customers.segments import queries
from customers.segments.actions import save
from customers.segments.forms import SegmentForm, builder, draft
from customers.segments.queries import run
from customers.segments.rules.parse import BadDefinition, Mistake, parse

LIMIT_SECONDS = 10


@staff("customers.add_segment")
def segment_add(request: HttpRequest) -> HttpResponse:
    """A new segment."""
    return _edit(request, None)


@staff("customers.change_segment")
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules, name and description of a segment."""
    segment = get_object_or_404(Segment, pk=pk)
    if segment.kind == SegmentKind.STATIC:
        return redirect("customers:segment-list-edit", pk)
    return _edit(request, segment)


def _edit(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    currency = brand.current().currency
    form = SegmentForm(request.POST if request.POST.get("do") == "save" else None, instance=segment)
    if request.method != "POST":
        return _page(request, segment, form, _stored(segment, currency), [])
    found = draft.from_post(request.POST)
    found = found if "rules" in found else draft.new()
    order = request.POST.get("do", "")
    if order == "save":
        return _save(request, segment, form, found, currency)
    if order == "count":
        return _page(request, segment, _refilled(request, segment), found, [], preview=_preview(found, segment, currency))
    focus = draft.apply(found, order)
    return _page(request, segment, _refilled(request, segment), found, [], focus=focus)


def _stored(segment: Segment | None, currency: str) -> draft.Draft:
    if segment is None or "rules" not in segment.definition:
        return draft.new()
    return draft.from_definition(segment.definition, currency)


def _refilled(request: HttpRequest, segment: Segment | None) -> SegmentForm:
    """The form as typed, not judged yet."""
    typed = {name: request.POST.get(name, "") for name in SegmentForm.Meta.fields}
    return SegmentForm(initial=typed, instance=segment)


def _save(
    request: HttpRequest, segment: Segment | None, form: SegmentForm, found: draft.Draft, currency: str
) -> HttpResponse:
    mistakes: list[Mistake] = []
    try:
        definition = draft.to_definition(found, currency)
        parse(definition)
        if form.is_valid():
            saved = save.rules(
                segment_id=segment.pk if segment else None, name=form.cleaned_data["name"], definition=definition, at=now(),
                description=form.cleaned_data["description"], user_id=request.user.pk,
            )  # fmt: skip
            messages.success(request, _("Saved. The members are being worked out."))
            return redirect("customers:segment-detail", saved.pk)
    except BadDefinition as error:
        mistakes = error.mistakes
    return _page(request, segment, form, found, mistakes)


def _page(
    request: HttpRequest, segment: Segment | None, form: SegmentForm, found: draft.Draft, mistakes: list[Mistake], *,
    focus: str = "", preview: dict[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    context = {
        "segment": segment if segment and segment.pk else None,
        "form": form,
        "root": builder.rows(found, mistakes, focus=focus),
        "options": builder.options(segment.pk if segment else None),
        "mistakes": mistakes,
        "preview": preview,
        "currency": brand.current().currency,
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "customers/segments/partials/segment_rules.html", context)
        response["HX-Trigger-After-Settle"] = "segment-changed"
        return response
    return render(request, "customers/segments/segment_form.html", context, status=400 if mistakes else 200)


@staff("customers.view_segment")
@require_POST
def segment_preview(request: HttpRequest) -> HttpResponse:
    """How many customers the rules on the page give, ten of them, and what saving would change; nothing is written."""
    found = draft.from_post(request.POST)
    text = request.POST.get("segment_id", "")
    segment = Segment.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 10 else None
    context = {"preview": _preview(found if "rules" in found else draft.new(), segment, brand.current().currency)}
    return render(request, "customers/segments/partials/segment_preview.html", context)


def _preview(found: draft.Draft, segment: Segment | None, currency: str) -> dict[str, Any]:
    try:
        tree = parse(draft.to_definition(found, currency))
    except BadDefinition as error:
        return {"mistakes": list(dict.fromkeys(mistake.message for mistake in error.mistakes))[:3]}
    at = now()
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            preview: dict[str, Any] = {"count": run.count(tree, at), "text": queries.describe(tree)}
            preview["sample"] = list(queries.matching(tree, at).select_related("facts").order_by("-id")[:10])
            if segment is not None and segment.refreshed_at is not None:
                preview["entering"], preview["leaving"] = run.difference(tree, segment.pk, at)
    except sql.TookTooLong:
        return {"is_slow": True, "seconds": LIMIT_SECONDS}
    return preview
