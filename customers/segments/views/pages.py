"""The page of a segment, and deleting it."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.kit.access import staff
from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Segment, SegmentCount
from customers.segments import queries
from customers.segments.actions import save
from customers.segments.queries import listing, people
from customers.segments.rules.parse import BadDefinition

CHART_DAYS, MOVES_DAYS = 90, 30


def tabs(request: HttpRequest, segment: Segment, current: str) -> list[dict[str, Any]]:
    """The pages of a segment that the reader may open; `current` is the one they are on."""
    see = request.user.has_perm("customers.view_customer")
    names = [("detail", _("Overview"), True), ("members", _("Members"), see), ("history", _("History"), True),
             ("explain", _("In or out"), see)]  # fmt: skip
    return [
        {"label": label, "url": reverse(f"customers:segment-{name}", args=[segment.pk]), "is_current": name == current}
        for name, label, may in names
        if may
    ]


@staff("customers.view_segment")
def segment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One segment: its rules in words, members, what moved, how fresh it is, and what builds on it."""
    segment = get_object_or_404(Segment.objects.select_related("updated_by"), pk=pk)
    counts = list(_counts(segment))
    week, month = listing.changes(segment, [row[:2] for row in counts])
    context = {
        "segment": segment,
        "tabs": tabs(request, segment, "detail"),
        "is_list": segment.kind == SegmentKind.STATIC,
        "is_waiting": segment.kind == SegmentKind.DYNAMIC and not segment.problem and _is_due(segment),
        "is_due": _is_due(segment),
        "week": _signed(week),
        "month": _signed(month),
        "outline": _outline(segment),
        "uses": queries.uses([pk])[pk],
        "members": people.newest(pk),
        "chart": _growth(segment, counts),
        "moves": _moves(counts),
    }
    return render(request, "customers/segments/segment_detail.html", context)


def _signed(change: int | None) -> str | None:
    return None if change is None else f"{change:+,}".replace("-", "−") if change else "0"


def _is_due(segment: Segment) -> bool:
    return segment.refreshed_at is None or segment.refreshed_at < segment.updated_at


def _outline(segment: Segment) -> Any:
    if segment.kind == SegmentKind.STATIC:
        return None
    try:
        return queries.outline(segment.definition)
    except BadDefinition:
        return None


def _counts(segment: Segment) -> Any:
    """(day, size, entered, left) of the last 90 days that are over, oldest first."""
    today = timezone.localdate(now())
    rows = SegmentCount.objects.filter(segment=segment, day__gt=today - timedelta(days=CHART_DAYS), day__lt=today)
    return rows.order_by("day").values_list("day", "member_count", "entered", "left")


def _growth(segment: Segment, counts: list[Any]) -> dict[str, Any]:
    points = [(day.isoformat(), size) for day, size, _entered, _left in counts]
    if segment.refreshed_at is not None:
        points.append((timezone.localdate(now()).isoformat(), segment.member_count))
    return {
        "id": "segment-growth", "title": _("Members by day"), "kind": "line", "unit": "number",
        "labels": [day for day, _count in points],
        "series": [{"name": _("Members"), "values": [count for _day, count in points]}],
    }  # fmt: skip


def _moves(counts: list[Any]) -> dict[str, Any] | None:
    """Entries and exits of the last days for which they were counted."""
    known = [(day.isoformat(), entered, left) for day, _size, entered, left in counts if entered is not None][-MOVES_DAYS:]
    if not known:
        return None
    return {
        "id": "segment-moves", "title": _("Entered and left by day"), "kind": "bar", "unit": "number",
        "labels": [day for day, _entered, _left in known],
        "series": [
            {"name": _("Entered"), "values": [entered for _day, entered, _left in known]},
            {"name": _("Left"), "values": [left or 0 for _day, _entered, left in known]},
        ],
    }  # fmt: skip


@staff("customers.delete_segment")
def segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete; a segment that something builds on stays."""
    segment = get_object_or_404(Segment, pk=pk)
    if request.method == "POST":
        try:
            save.delete(segment, user_id=request.user.pk, at=now())
        except save.SegmentInUse as error:
            messages.error(request, _("Still in use: %(uses)s.") % {"uses": ", ".join(error.uses)})
            return redirect("customers:segment-detail", pk)
        messages.success(request, _("The segment is deleted."))
        return redirect("customers:segment-list")
    return render(request, "customers/segments/segment_delete.html", {"segment": segment, "uses": queries.uses([pk])[pk]})
