"""Versions of a segment's rules, bringing one back, and who entered and left."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.access import number_in, staff
from config.kit.clock import local_day, now
from customers.enums import SegmentKind
from customers.models import Segment, SegmentVersion
from customers.queries import brand
from customers.segments.actions import save
from customers.segments.queries import before_save, history
from customers.segments.queries.compare import compare
from customers.segments.rules.parse import BadDefinition, parse
from customers.segments.views.explain import named
from customers.segments.views.pages import tabs
from customers.segments.views.preview import answer

DAYS = 14
SECONDS = 3
LIMIT_SECONDS = 10


@staff("customers.view_segment")
def segment_history(request: HttpRequest, pk: int) -> HttpResponse:
    """Every version of the rules, and entries and exits by day, customer and cause."""
    segment = get_object_or_404(Segment, pk=pk)
    may = request.user.has_perm("customers.view_customer")
    text, day = request.GET.get("customer", "").replace("\x00", "").strip()[:254], _day(request.GET.get("day", ""))
    customer = named(text) if text and may else None
    context: dict[str, Any] = {
        "segment": segment, "tabs": tabs(request, segment, "history"), "is_list": segment.kind == SegmentKind.STATIC,
        "versions": history.versions(pk, segment.version), "days": _days(pk),
        "text": text, "day": day, "customer": customer,
    }  # fmt: skip
    if may and (customer or not text):
        cursor = request.GET.get("cursor", "")[:60]
        context["moves"] = history.moves(pk, customer_id=customer.pk if customer else None, day=day, cursor=cursor)
    return render(request, "customers/segments/segment_history.html", context)


def _day(text: str) -> Any:
    try:
        day = parse_date(text[:10])
    except ValueError:
        return None
    return day if day and 1970 < day.year < 2200 else None


def _days(pk: int) -> list[history.Day] | None:
    """The last two weeks by cause; None when there was too much to count."""
    today = local_day(now(), brand.current().timezone)
    try:
        with sql.statement_timeout(SECONDS):
            return history.by_day(pk, today - timedelta(days=DAYS - 1), today)
    except sql.TookTooLong:
        return None


@staff("customers.change_segment")
def segment_restore(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Ask, with what would change, then save the rules of an older version as a new one."""
    segment = get_object_or_404(Segment, pk=pk)
    if segment.kind == SegmentKind.STATIC:
        return redirect("customers:segment-history", pk)
    old = get_object_or_404(SegmentVersion.objects.select_related("saved_by"), segment=segment, version=version)
    asked = _asked(segment, old)
    if request.method == "POST" and "mistake" not in asked:
        choice, confirmed = answer(request.POST)
        question = asked.get("question")
        if question is not None and not question.is_answered(choice, confirmed):
            messages.error(request, _unanswered(choice))
            asked["answered"] = {"is_asking": True, "choice": choice}
        elif _restored(request, segment, old):
            return redirect("customers:segment-detail", pk)
        else:
            return redirect("customers:segment-history", pk)
    return render(request, "customers/segments/segment_restore.html", {"segment": segment, "old": old, **asked})


def _asked(segment: Segment, old: SegmentVersion) -> dict[str, Any]:
    """The old rules beside those of now, how many would enter and leave, and the question about what that would start."""
    try:
        tree = parse(old.definition)
    except BadDefinition as error:
        return {"mistake": str(error)}
    at = now()
    found: dict[str, Any] = {
        "lines": compare(segment.definition, old.definition), "question": before_save.question(segment, tree, at),
    }  # fmt: skip
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            if segment.refreshed_at is not None:
                entering, leaving = history.moving(tree, segment.pk, at)
                found["entering"], found["leaving"] = entering.count(), leaving.count()
    except sql.TookTooLong:
        found["is_slow"] = True
    return found


def _unanswered(choice: str) -> str:
    if choice == "tell":
        return _("Many customers are concerned: say yes to their number, or change quietly.")
    return _("Choose whether those who enter and leave are told to journeys.")


def _restored(request: HttpRequest, segment: Segment, old: SegmentVersion) -> bool:
    try:
        save.rules(
            segment_id=segment.pk, name=segment.name, description=segment.description, definition=old.definition, at=now(),
            user_id=request.user.pk, is_quiet=request.POST.get("announce") == "quiet",
            expected_version=number_in(request.POST.get("opened", "")),
        )  # fmt: skip
    except save.SegmentChanged as error:
        text = _("Meanwhile version %(version)s was saved by %(who)s. Look at it before you restore an older one.")
        messages.error(request, text % {"version": error.version, "who": error.saved_by or _("the system")})
        return False
    except BadDefinition as error:
        messages.error(request, str(error))
        return False
    messages.success(
        request, _("Version %(number)s is restored. The members are being worked out.") % {"number": old.version}
    )
    return True
