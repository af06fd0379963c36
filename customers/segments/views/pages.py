"""List and page of segments, why one customer is in or out, ready-made segments, deleting."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import local_day, now
from customers.enums import SegmentKind
from customers.models import Customer, Segment, SegmentCount, SegmentMembership
from customers.queries import brand
from customers.segments import queries
from customers.segments.actions import lists, ready_made, save
from customers.segments.rules.parse import BadDefinition

WEEK = timedelta(days=7)
CHART_DAYS = 90
LIMIT_SECONDS = 10


@staff("customers.view_segment")
def segment_list(request: HttpRequest) -> HttpResponse:
    """Segments with size, change of a week and what builds on them."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    found = Segment.objects.filter(name__icontains=text) if text else Segment.objects.all()
    page = Paginator(found.order_by("name"), 50).get_page(request.GET.get("page"))
    ids = [segment.pk for segment in page]
    uses, before = queries.uses(ids), _week_ago(ids)
    rows = [
        {
            "segment": item,
            "change": item.member_count - before[item.pk] if item.pk in before else None,
            "uses": uses[item.pk],
        }
        for item in page
    ]
    return render(request, "customers/segments/segment_list.html", {"page": page, "rows": rows, "q": text})


def _week_ago(ids: list[int]) -> dict[int, int]:
    """Sizes on the last counted day at least a week ago, at most two."""
    today = local_day(now(), brand.current().timezone)
    rows = SegmentCount.objects.filter(segment__in=ids, day__lte=today - WEEK, day__gt=today - 2 * WEEK).order_by("day")
    return dict(rows.values_list("segment_id", "member_count"))


@staff("customers.view_segment")
def segment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One segment: its rules in words, members, growth, and what builds on it."""
    segment = get_object_or_404(Segment.objects.select_related("updated_by"), pk=pk)
    before = _week_ago([pk])
    newest = SegmentMembership.objects.filter(segment=segment).order_by("-id").select_related("customer__facts")
    context = {
        "segment": segment,
        "is_list": segment.kind == SegmentKind.STATIC,
        "is_waiting": segment.kind == SegmentKind.DYNAMIC and not segment.problem and _is_due(segment),
        "change": segment.member_count - before[pk] if pk in before else None,
        "outline": _outline(segment),
        "uses": queries.uses([pk])[pk],
        "members": list(newest[:10]),
        "chart": _chart(segment),
    }
    return render(request, "customers/segments/segment_detail.html", context)


def _is_due(segment: Segment) -> bool:
    return segment.refreshed_at is None or segment.refreshed_at < segment.updated_at


def _outline(segment: Segment) -> Any:
    if segment.kind == SegmentKind.STATIC:
        return None
    try:
        return queries.outline(segment.definition)
    except BadDefinition:
        return None


def _chart(segment: Segment) -> dict[str, Any]:
    today = local_day(now(), brand.current().timezone)
    rows = SegmentCount.objects.filter(segment=segment, day__gt=today - timedelta(days=CHART_DAYS), day__lt=today)
    points = [(day.isoformat(), count) for day, count in rows.order_by("day").values_list("day", "member_count")]
    if segment.refreshed_at is not None:
        points.append((today.isoformat(), segment.member_count))
    return {
        "id": "segment-growth", "title": _("Members by day"), "kind": "line", "unit": "number",
        "labels": [day for day, _count in points],
        "series": [{"name": _("Members"), "values": [count for _day, count in points]}],
    }  # fmt: skip


@staff("customers.view_segment", "customers.view_customer")
def segment_explain(request: HttpRequest, pk: int) -> HttpResponse:
    """Why one customer is in the segment or not, rule by rule with the values."""
    segment = get_object_or_404(Segment, pk=pk)
    text = request.GET.get("customer", "").strip()[:254]
    context: dict[str, Any] = {"segment": segment, "text": text, "is_list": segment.kind == SegmentKind.STATIC}
    customer = _customer(text)
    if customer is not None:
        membership = SegmentMembership.objects.filter(segment=segment, customer=customer).first()
        changes = segment.changes.filter(customer=customer).order_by("-id")[:20]
        context |= {"customer": customer, "membership": membership, "changes": changes, **_explained(segment, customer)}
    return render(request, "customers/segments/segment_explain.html", context)


def _customer(text: str) -> Customer | None:
    if text.isascii() and text.isdigit() and len(text) < 16:
        by_id = Customer.objects.filter(pk=int(text)).first()
        if by_id is not None:
            return by_id
    ids = lists.read(text).customer_ids if text else ()
    return Customer.objects.filter(pk=ids[0]).first() if ids else None


def _explained(segment: Segment, customer: Customer) -> dict[str, Any]:
    if segment.kind == SegmentKind.STATIC:
        return {}
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            return {"line": queries.explain(segment.definition, customer.pk, now())}
    except BadDefinition as error:
        return {"problem": str(error)}
    except sql.TookTooLong:
        return {"problem": _("The rules took longer than 10 seconds for this customer.")}


@staff("customers.add_segment")
@require_POST
def install(request: HttpRequest) -> HttpResponse:
    """Create the ready-made segments that are not there yet."""
    made = ready_made.install_ready_made(now(), user_id=request.user.pk)
    if made:
        text = ngettext("%(count)d segment created.", "%(count)d segments created.", len(made)) % {"count": len(made)}
        messages.success(request, text)
    else:
        messages.info(request, _("All ready-made segments are there already."))
    return redirect("customers:segment-list")


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
