"""The lists that one customer is on: put on another, taken off."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Customer, Segment
from customers.segments.actions import lists

SHOWN = 500


@staff("customers.view_customer", "customers.view_segment", "customers.change_segment")
def customer_lists(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a list for the customer; each press changes one list and leaves the others alone."""
    customer = get_object_or_404(Customer, pk=pk)
    if request.method == "POST":
        _change(request, customer)
        return redirect("customers:customer-lists", pk)
    rows = Segment.objects.filter(kind=SegmentKind.STATIC).order_by("name")
    context = {
        "customer": customer,
        "on": rows.filter(memberships__customer=pk)[:SHOWN],
        "others": rows.exclude(memberships__customer=pk)[:SHOWN],
    }
    return render(request, "customers/segments/customer_lists.html", context)


def _change(request: HttpRequest, customer: Customer) -> None:
    is_off = "off" in request.POST
    wanted = number_in(request.POST.get("off" if is_off else "on", ""))
    segment = Segment.objects.filter(pk=wanted, kind=SegmentKind.STATIC).first() if wanted is not None else None
    if segment is None:
        messages.error(request, _("Choose a list."))
        return
    change = lists.remove if is_off else lists.add
    is_silent = not request.POST.get("is_told")
    moved = change(segment.pk, [customer.pk], at=now(), user_id=request.user.pk, is_silent=is_silent)
    said = {
        (True, True): _("%(who)s is taken off “%(list)s”."), (True, False): _("%(who)s was not on “%(list)s”."),
        (False, True): _("%(who)s is on “%(list)s” now."), (False, False): _("%(who)s was on “%(list)s” already."),
    }  # fmt: skip
    messages.success(request, said[is_off, bool(moved)] % {"who": customer, "list": segment.name})
