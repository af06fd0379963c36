"""Lists: created and changed by naming customers."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from config.kit.access import staff
from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Segment
from customers.segments.actions import lists, save
from customers.segments.forms import ListForm, PeopleForm


@staff("customers.add_segment")
def list_add(request: HttpRequest) -> HttpResponse:
    """A new list, with its first people."""
    form = ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        named = lists.read(form.text())
        at = now()
        segment = save.listed(
            name=form.cleaned_data["name"], description=form.cleaned_data["description"], user_id=request.user.pk, at=at
        )
        count = lists.add(segment.pk, named.customer_ids, user_id=request.user.pk, at=at, is_silent=True)
        _report(request, _("%(count)s customers are on the list.") % {"count": f"{count:,}"}, named)
        return redirect("customers:segment-detail", segment.pk)
    return render(request, "customers/segments/list_form.html", {"form": form, "segment": None})


@staff("customers.change_segment")
def list_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Put customers on a list or take them off."""
    segment = get_object_or_404(Segment, pk=pk, kind=SegmentKind.STATIC)
    form = PeopleForm(request.POST or None, request.FILES or None, instance=segment)
    if request.method == "POST" and form.is_valid():
        named = lists.read(form.text())
        if request.POST.get("do") == "remove":
            count = lists.remove(pk, named.customer_ids, user_id=request.user.pk, at=now())
            _report(request, _("%(count)s customers taken off the list.") % {"count": f"{count:,}"}, named)
        else:
            count = lists.add(pk, named.customer_ids, user_id=request.user.pk, at=now())
            _report(request, _("%(count)s customers put on the list.") % {"count": f"{count:,}"}, named)
        return redirect("customers:segment-detail", pk)
    return render(request, "customers/segments/list_form.html", {"form": form, "segment": segment})


def _report(request: HttpRequest, text: str, named: lists.Named) -> None:
    messages.success(request, text)
    if named.unknown_count:
        words = ", ".join(named.unknown[:10]) + (" …" if named.unknown_count > 10 else "")
        known = {"count": f"{named.unknown_count:,}", "words": words}
        messages.warning(request, _("%(count)s entries match no customer: %(words)s") % known)
