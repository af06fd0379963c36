"""Journey stages: the rules in order, what they give, a preview of any change, the history."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import number_in, staff
from config.kit.clock import local_day, now
from customers.enums import Stage
from customers.models import Segment, StageChange
from customers.ports import event_uses
from customers.queries import brand
from customers.stages import events
from customers.stages.actions import rules
from customers.stages.queries import listing, loops, preview
from customers.stages.queries.preview import Wanted

CHART_DAYS = 90
COUNTED = 10_000


class _CappedPaginator(Paginator):
    """The newest changes: there may be millions, and counting them would take longer than the page."""

    @property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


@staff("customers.view_stagerule")
def stage_list(request: HttpRequest) -> HttpResponse:
    """The rules with counts; a POST saves them as they are in the form."""
    if request.method == "POST" and request.user.has_perm("customers.change_stagerule"):
        return _save(request)
    return _page(request, listing.wanted())


@staff("customers.change_stagerule")
@require_POST
def stage_preview(request: HttpRequest) -> HttpResponse:
    """The rules as they are in the form, perhaps with one moved, and what saving them would change."""
    return _page(request, _moved(_read(request), request.POST.get("move", "")), is_draft=True)


def _page(request: HttpRequest, wanted: list[Wanted], *, is_draft: bool = False, problem: str = "") -> HttpResponse:
    counts = listing.counts()
    context: dict[str, Any] = {
        "rows": listing.rows(wanted, counts), "segments": Segment.objects.order_by("name"), "run": listing.run(),
        "is_draft": is_draft, "has_rules": listing.has_rules(), "problem": problem, "unstaged": counts.get("", 0),
        "can_change": request.user.has_perm("customers.change_stagerule"), "is_first": rules.is_first(),
    }  # fmt: skip
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "customers/stages/partials/run.html", context)
    if is_draft:
        found = preview.moves(wanted)
        named = [item.segment_id for item in wanted if item.is_active and item.segment_id]
        context |= {
            "preview": found, "moves": listing.in_words(found), "problem": problem or loops.of_stages(named),
            "journeys": event_uses.of([events.STAGE_CHANGED])[events.STAGE_CHANGED],
            "is_same": wanted == listing.wanted(), "unfilled": listing.unfilled(named),
        }  # fmt: skip
        for row in context["rows"]:
            row["then"] = found.then(row["stage"])
            row["difference"] = row["then"] - row["count"]
    else:
        context["chart"] = _chart(counts)
    return render(request, "customers/stages/stage_list.html", context)


def _read(request: HttpRequest) -> list[Wanted]:
    """The rules of the form, in its order; what names no stage is passed over."""
    active, known, found = set(request.POST.getlist("active")), set(Stage.values), []
    segments = set(Segment.objects.values_list("pk", flat=True))
    for stage, text in zip(request.POST.getlist("stage"), request.POST.getlist("segment"), strict=False):
        if stage in known:
            known.discard(stage)
            pk = number_in(text)
            found.append(Wanted(stage, pk if pk in segments else None, stage in active))
    return found


def _moved(wanted: list[Wanted], text: str) -> list[Wanted]:
    """The rules with one of them a place up or down: "up:lapsed"."""
    direction, _colon, stage = text.partition(":")
    place = next((number for number, item in enumerate(wanted) if item.stage == stage), None)
    other = None if place is None else place + (-1 if direction == "up" else 1)
    if place is not None and other is not None and 0 <= other < len(wanted):
        wanted[place], wanted[other] = wanted[other], wanted[place]
    return wanted


def _save(request: HttpRequest) -> HttpResponse:
    wanted = _read(request)
    if not wanted:
        messages.error(request, _("The form held no rules; nothing was changed."))
        return redirect("customers:stage-list")
    try:
        run = rules.save(wanted, at=now(), user_id=request.user.pk, is_silent="tell" not in request.POST)
    except rules.WouldLoop as error:
        return _page(request, wanted, is_draft=True, problem=str(error))
    if run is None:
        messages.info(request, _("These are the rules already."))
    else:
        messages.success(request, _("The rules are saved; everybody is being looked at again."))
    return redirect("customers:stage-list")


@staff("customers.change_stagerule", "customers.add_segment")
@require_POST
def stage_install(request: HttpRequest) -> HttpResponse:
    """Create the default stages with their segments."""
    made = rules.install(at=now(), user_id=request.user.pk)
    if made:
        messages.success(request, _("%(count)d stages are set up; their segments are being filled.") % {"count": len(made)})
    else:
        messages.info(request, _("All stages are set up already."))
    return redirect("customers:stage-list")


@staff("customers.view_stagerule", "customers.view_customer")
def stage_history(request: HttpRequest) -> HttpResponse:
    """Who moved from where to where, newest first; `after` narrows it to one stage."""
    after = request.GET.get("after", "")
    changes = StageChange.objects.select_related("customer").order_by("-id")
    if after in Stage.values:
        changes = changes.filter(after=after)
    page = _CappedPaginator(changes, 50).get_page(request.GET.get("page"))
    context = {"page": page, "after": after if after in Stage.values else "", "stages": Stage.choices}
    return render(request, "customers/stages/stage_history.html", context)


def _chart(counts: dict[str, int]) -> dict[str, Any] | None:
    today = local_day(now(), brand.current().timezone)
    days, series = listing.history(today - timedelta(days=CHART_DAYS), today, counts)
    if len(days) < 2:
        return None
    return {
        "id": "stages", "title": _("Customers by stage"), "kind": "stacked", "unit": "number",
        "labels": [day.isoformat() for day in days], "series": series,
    }  # fmt: skip
