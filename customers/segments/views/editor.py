"""The rule builder: every button posts the whole form, htmx only swaps the part that changed."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Segment
from customers.queries import brand
from customers.segments.actions import ready_made, save
from customers.segments.forms import SegmentForm, builder, defaults, draft, edits, reading, showing
from customers.segments.forms.choices import Known
from customers.segments.queries import before_save
from customers.segments.queries.compare import compare
from customers.segments.rules.dump import dump
from customers.segments.rules.parse import BadDefinition, Mistake, parse
from customers.segments.views import preview

TEN_MINUTES = 600
COUNTS = ("count", "count-each")


@staff("customers.add_segment")
def segment_add(request: HttpRequest) -> HttpResponse:
    """A new segment: empty, from a ready-made one (`?recipe=`), or a copy (`?from=`); `?start` lists what to start from."""
    if request.method == "GET" and "start" in request.GET:
        return _start(request)
    return _edit(request, None)


@staff("customers.change_segment")
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules, name and description of a segment."""
    segment = get_object_or_404(Segment, pk=pk)
    if segment.kind == SegmentKind.STATIC:
        return redirect("customers:segment-list-edit", pk)
    return _edit(request, segment)


def _start(request: HttpRequest) -> HttpResponse:
    copies = Segment.objects.filter(kind=SegmentKind.DYNAMIC).order_by("name").values_list("pk", "name")
    context = {"recipes": _recipes(now()), "copies": list(copies)}
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    page, part = "customers/segments/segment_start.html", "customers/segments/partials/start.html"
    return render(request, part if is_part else page, context)


def _recipes(at: datetime) -> list[Any]:
    """Which the company's data can fill, by group; asked at most every ten minutes."""
    found: list[Any] | None = cache.get("segments.recipes")
    if found is None:
        found = ready_made.recipes(at)
        cache.set("segments.recipes", found, TEN_MINUTES)
    return found


def _edit(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    currency = brand.current().currency
    if request.method != "POST":
        return _opened(request, segment, currency)
    found = draft.from_post(request.POST)
    found = found if "rules" in found else draft.new()
    order = request.POST.get("do", "")
    if order == "save":
        return _save(request, segment, found, currency)
    known = _known(request, segment)
    defaults.fill(found, known)
    if order in COUNTS:
        shown = preview.shown(request.POST, found, segment, currency, each=order == "count-each")
        return _page(request, segment, _refilled(request, segment), found, known, shown=shown)
    focus = edits.apply(found, order)
    return _page(request, segment, _refilled(request, segment), found, known, focus=focus, said=_told(order, focus))


def _opened(request: HttpRequest, segment: Segment | None, currency: str) -> HttpResponse:
    initial: dict[str, str] = {}
    definition = segment.definition if segment else {}
    if segment is None:
        initial, definition = _begun(request)
    found = draft.new()
    if "rules" in definition:
        found = showing.from_definition(definition, currency)
    form = SegmentForm(instance=segment, initial=initial)
    return _page(request, segment, form, found, _known(request, segment), is_begun=bool(initial))


def _begun(request: HttpRequest) -> tuple[dict[str, str], dict[str, Any]]:
    """Name, description and rules to start from, as the address asks."""
    pk, key = number_in(request.GET.get("from", "")), request.GET.get("recipe", "")
    if pk is not None:
        copied = Segment.objects.filter(pk=pk, kind=SegmentKind.DYNAMIC).first()
        if copied is not None:
            name = _("%(name)s (copy)") % {"name": copied.name[:110]}
            return {"name": name, "description": copied.description}, copied.definition
    for recipe in _recipes(now()) if key else []:
        if recipe.key == key:
            return {"name": recipe.name, "description": recipe.description}, recipe.definition
    return {}, {}


def _known(request: HttpRequest, segment: Segment | None) -> Known:
    return Known(segment.pk if segment else None, is_live=bool(request.htmx))  # type: ignore[attr-defined]


def _refilled(request: HttpRequest, segment: Segment | None) -> SegmentForm:
    """The form as typed, not judged yet."""
    typed = {name: request.POST.get(name, "") for name in SegmentForm.Meta.fields}
    return SegmentForm(initial=typed, instance=segment)


def _save(request: HttpRequest, segment: Segment | None, found: draft.Draft, currency: str) -> HttpResponse:
    form, at = SegmentForm(request.POST, instance=segment), now()
    again: dict[str, Any] = {"mistakes": []}
    try:
        tree = parse(reading.to_definition(found, currency))
        if form.is_valid():
            asked = before_save.question(segment, tree, at) if segment else None
            answer = preview.answer(request.POST)
            if asked is None or asked.is_answered(*answer):
                saved = save.rules(
                    segment_id=segment.pk if segment else None, name=form.cleaned_data["name"], definition=dump(tree),
                    at=at, description=form.cleaned_data["description"], user_id=request.user.pk,
                    is_quiet=answer[0] == "quiet",
                    expected_version=number_in(request.POST.get("opened", "")) if segment else None,
                )  # fmt: skip
                messages.success(request, _("Saved. The members are being worked out."))
                return redirect("customers:segment-detail", saved.pk)
            again["shown"] = preview.shown(request.POST, found, segment, currency, asked=asked)
    except BadDefinition as error:
        again["mistakes"] = error.mistakes
    except save.SegmentChanged as error:
        again["conflict"] = _conflict(error, segment, dump(tree))
    known = _known(request, segment)
    return _page(request, segment, form, found, known, **again)


def _conflict(error: save.SegmentChanged, segment: Segment | None, mine: dict[str, Any]) -> dict[str, Any]:
    """Who saved what meanwhile; the version they saved becomes the one that the form was opened with."""
    theirs = Segment.objects.get(pk=segment.pk) if segment else None
    return {
        "by": error.saved_by, "at": error.saved_at, "version": error.version,
        "lines": compare(theirs.definition, mine) if theirs else [],
    }  # fmt: skip


def _told(order: str, focus: str) -> str:
    """What a button did, for those who do not see it."""
    verb = order.partition(":")[0]
    done = {
        "add-condition": _("Condition added"), "add-group": _("Group added"), "remove": _("Removed"),
        "duplicate": _("Duplicated"), "up": _("Moved up"), "down": _("Moved down"), "wrap": _("Put in a group"),
        "negate": _("Turned into the opposite"), "unwrap": _("Group dissolved"), "add-where": _("Property added"),
        "remove-where": _("Property removed"), "add-step": _("Step added"), "remove-step": _("Step removed"),
    }.get(verb, "")  # fmt: skip
    if done and not focus:
        return _("That is not possible here: groups can be nested 8 deep, with 100 conditions in all.")
    return done


def _page(
    request: HttpRequest, segment: Segment | None, form: SegmentForm, found: draft.Draft, known: Known, *,
    mistakes: list[Mistake] | None = None, focus: str = "", said: str = "", shown: preview.Shown | None = None,
    conflict: dict[str, Any] | None = None, is_begun: bool = False,
) -> HttpResponse:  # fmt: skip
    page = builder.Page(known, brand.current().currency, focus=focus, alone=shown.alone if shown else None)
    root = page.rows(found, mistakes or [])
    opened = conflict["version"] if conflict else request.POST.get("opened", segment.version if segment else "")
    context = {
        **builder.context(page, root), "segment": segment if segment and segment.pk else None, "form": form,
        "mistakes": [(builder.split(mistake.path)[0], mistake) for mistake in mistakes or []], "preview": shown,
        "said": said, "is_begun": is_begun,
        "conflict": conflict, "opened": opened, "is_unsaved": request.method == "POST",
    }  # fmt: skip
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "customers/segments/partials/segment_rules.html", context)
        response["HX-Trigger-After-Settle"] = "segment-changed"
        return response
    status = 409 if conflict else 400 if mistakes else 200
    return render(request, "customers/segments/segment_form.html", context, status=status)
