"""Why one customer is in a segment or not, now or at a moment, and when they entered and left."""

from datetime import datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import now, zone
from customers.enums import SegmentKind
from customers.models import Customer, Segment, SegmentMembership
from customers.queries import brand
from customers.segments import queries
from customers.segments.actions import lists
from customers.segments.rules.parse import BadDefinition
from customers.segments.views.pages import tabs

LIMIT_SECONDS = 10
SHOWN = 50
LAST_SECOND = time(23, 59, 59)


@staff("customers.view_segment", "customers.view_customer")
def segment_explain(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules line by line with what was found for one customer, beside what the history says."""
    segment = get_object_or_404(Segment, pk=pk)
    text = request.GET.get("customer", "").replace("\x00", "").strip()[:254]
    at, problem = moment(request.GET.get("at", ""))
    customer = named(text)
    context: dict[str, Any] = {
        "segment": segment, "tabs": tabs(request, segment, "explain"), "text": text, "at": at, "at_text": written(at),
        "is_list": segment.kind == SegmentKind.STATIC, "customer": customer, "problem": problem,
    }  # fmt: skip
    if customer is not None:
        changes = segment.changes.filter(customer=customer).order_by("-id")[: SHOWN + 1]
        context |= {"changes": list(changes), "shown": SHOWN}
        context |= _then(segment, customer, at) if at else _today(segment, customer)
    return render(request, "customers/segments/segment_explain.html", context)


def moment(text: str) -> tuple[datetime | None, str]:
    """A moment from a form or a link, in the account's time zone unless it names its own; and what is wrong with it.

    A day without a time means its end. A moment that is not over yet is now: None.
    """
    text = text.strip()[:40]
    if not text:
        return None, ""
    try:
        day = parse_date(text) if len(text) <= 10 else None
        found = datetime.combine(day, LAST_SECOND) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year <= 2200:
        return None, _("“%(text)s” is no date and time. Write it like 2026-03-10 14:30.") % {"text": text}
    at = found if found.tzinfo else found.replace(tzinfo=zone(brand.current().timezone))
    return (at, "") if at < now() else (None, "")


def written(at: datetime | None) -> str:
    """A moment as a date-and-time input of the page holds it."""
    return f"{at.astimezone(zone(brand.current().timezone)):%Y-%m-%dT%H:%M:%S}" if at else ""


def named(text: str) -> Customer | None:
    """The customer whom a text names by number, e-mail address or external id."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        by_id = Customer.objects.filter(pk=int(text)).first()
        if by_id is not None:
            return by_id
    ids = lists.read(text).customer_ids if text else ()
    return Customer.objects.filter(pk=ids[0]).first() if ids else None


def _today(segment: Segment, customer: Customer) -> dict[str, Any]:
    is_in = SegmentMembership.objects.filter(segment=segment, customer=customer).exists()
    if segment.kind == SegmentKind.STATIC:
        return {"is_in": is_in}
    return {"is_in": is_in} | _in_time(lambda: {"line": queries.explain(segment.definition, customer.pk, now())})


def _then(segment: Segment, customer: Customer, at: datetime) -> dict[str, Any]:
    def answer() -> dict[str, Any]:
        found = queries.explain_at(segment.pk, customer.pk, at)
        return {"found": found, "line": found.line, "is_in": found.was_in}

    return _in_time(answer)


def _in_time(answer: Any) -> dict[str, Any]:
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            return dict(answer())
    except BadDefinition as error:
        return {"problem": str(error)}
    except sql.TookTooLong:
        return {"problem": _("The rules took longer than 10 seconds for this customer.")}
