"""Everybody in a segment, now or at a moment: found, paged, taken out as a file, kept as a list."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import client_address, number_in, staff
from config.kit.clock import now
from customers.exports.actions import jobs, stream
from customers.models import Segment
from customers.ports import exports
from customers.ports.exports import Criteria
from customers.segments.actions import freeze
from customers.segments.queries import people
from customers.segments.queries.people import Page, Wanted
from customers.segments.views.explain import moment, written
from customers.segments.views.pages import tabs

EXPORT = "segment_members"
AT_ONCE = 20_000
LIMIT_SECONDS = 10


@staff("customers.view_segment", "customers.view_customer")
def segment_members(request: HttpRequest, pk: int) -> HttpResponse:
    """The list, 50 at a time."""
    segment = get_object_or_404(Segment, pk=pk)
    wanted, problem = _wanted(segment, request.GET)
    after = number_in(request.GET.get("after", "")) or 0
    context: dict[str, Any] = {
        "segment": segment, "tabs": tabs(request, segment, "members"), "wanted": wanted, "at_text": written(wanted.at),
        "problem": problem, "after": after, "query": urlencode(_query(wanted)), "known_since": people.known_since(pk),
    }  # fmt: skip
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            context["total"] = people.size(segment, wanted.at) if wanted.at else segment.member_count
            context["page"] = people.page(wanted, after=after)
    except sql.TookTooLong:
        context |= {"page": Page([], 0), "is_slow": True}
    return render(request, "customers/segments/segment_members.html", context)


def _wanted(segment: Segment, data: Any) -> tuple[Wanted, str]:
    at, problem = moment(data.get("at", ""))
    return Wanted(segment.pk, at, data.get("q", "").replace("\x00", "").strip()[:100]), problem


def _query(wanted: Wanted) -> dict[str, str]:
    found = {"q": wanted.text, "at": wanted.at.isoformat() if wanted.at else ""}
    return {name: value for name, value in found.items() if value}


@staff("customers.view_segment", "customers.view_customer", "customers.export_customer")
@require_POST
def segment_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Exactly this list as a file: at once, or in the background when it is long."""
    segment = get_object_or_404(Segment, pk=pk)
    wanted, _problem = _wanted(segment, request.POST)
    criteria = Criteria(choice=wanted.key)
    if wanted.text or segment.member_count <= AT_ONCE:
        rows = exports.get(EXPORT).rows(criteria)
        return stream.response(
            request, name=f"{segment.slug}-members", label=segment.name, rows=rows, criteria=jobs.written(criteria)
        )
    jobs.ask(key=EXPORT, criteria=criteria, user_id=request.user.pk, at=now(), address=client_address(request))
    messages.success(request, _("The file is being written. You can leave this page."))
    return redirect("customers:export-list")


@staff("customers.view_segment", "customers.view_customer", "customers.add_segment")
@require_POST
def segment_freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep exactly this list under a name of its own."""
    segment = get_object_or_404(Segment, pk=pk)
    wanted, _problem = _wanted(segment, request.POST)
    name = request.POST.get("name", "").replace("\x00", "").strip()[:120]
    back = f"{reverse('customers:segment-members', args=[pk])}?{urlencode(_query(wanted))}"
    if not name or Segment.objects.filter(name=name).exists():
        messages.error(request, _("Another segment has this name.") if name else _("A list needs a name."))
        return redirect(back)
    try:
        made = freeze.freeze(wanted, name=name, at=now(), description=_said(segment, wanted), user_id=request.user.pk)
    except IntegrityError:  # somebody took the name at this very moment
        messages.error(request, _("Another segment has this name."))
        return redirect(back)
    messages.success(request, _("%(count)s customers are on the list.") % {"count": f"{made.member_count:,}"})
    return redirect("customers:segment-detail", made.pk)


def _said(segment: Segment, wanted: Wanted) -> str:
    when = wanted.at or now()
    return (_("Copied from “%(name)s” as it was on %(day)s") % {"name": segment.name, "day": written(when)[:10]})[:300]
