"""The customer page: tabs, timeline, orders, notes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit, notes
from customers.models import Consent, Customer, CustomerNote, SegmentMembership
from customers.ports import page_actions, panels
from customers.queries import brand, people, profile, timeline
from customers.queries import consent as consents
from customers.queries.timeline import Wish
from customers.rules import countries
from customers.views.search import remember

TABS = {
    "": gettext_lazy("Overview"),
    "timeline": gettext_lazy("Timeline"),
    "purchases": gettext_lazy("Purchases"),
    "messages": gettext_lazy("Messages"),
    "profile": gettext_lazy("Profile"),
    "consent": gettext_lazy("Consent"),
}
LATEST = 6
SEARCH_SECONDS = 5.0


class TimelineForm(forms.Form):
    """What the timeline shows; a field that makes no sense is passed over."""

    kind = forms.ChoiceField(choices=timeline.KINDS, required=False)
    name = forms.CharField(max_length=80, required=False)
    text = forms.CharField(max_length=100, required=False)
    until = forms.DateField(required=False)

    def wish(self) -> Wish:
        self.is_valid()
        found = self.cleaned_data
        until = found.get("until")
        return Wish(
            found.get("kind") or "", found.get("name") or "", found.get("text") or "",
            until if until and 1900 < until.year < 2200 else None,
        )  # fmt: skip


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2, "required": True})
    )


@staff("customers.view_customer")
def customer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one customer, in tabs."""
    customer = get_object_or_404(Customer.objects.select_related("facts", "preference"), pk=pk)
    said = list(Consent.objects.filter(customer=customer).select_related("topic").order_by("topic__name", "channel"))
    blocks = consents.of_customer(customer)
    tab = request.GET.get("tab", "timeline" if {"kind", "name", "text", "until"} & set(request.GET) else "")
    tab = tab if tab in TABS else ""
    context = {
        "customer": customer,
        "facts": getattr(customer, "facts", None),
        "country_name": countries.name(customer.country),
        "consents": said,
        "suppressions": blocks,
        "contacts": profile.contacts(customer, said, blocks, at=now(), zone=brand.current().timezone),
        "page_actions": _actions(request, customer),
        "tab": tab,
        "tabs": [{"label": label, "url": _url(customer, key), "is_current": key == tab} for key, label in TABS.items()],
    } | FILL[tab](request, customer)
    return remember(request, render(request, "customers/customer_detail.html", context), pk)


def _url(customer: Customer, tab: str) -> str:
    url = reverse("customers:customer-detail", args=[customer.pk])
    return f"{url}?tab={tab}" if tab else url


def _overview(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    memberships = SegmentMembership.objects.filter(customer=customer).select_related("segment")
    return {
        "timeline": timeline.of_customer(customer.pk, size=LATEST),
        "memberships": memberships.order_by("segment__name")[:50],
        "notes": CustomerNote.objects.filter(customer=customer)
        .select_related("author")
        .order_by("-created_at", "-id")[:20],
        "note_form": NoteForm(),
        "panels": _panels(request, customer, ""),
        "attributes": [profile.attribute(name, value) for name, value in sorted(customer.attributes.items())[:8]],
        "attribute_count": len(customer.attributes),
    }


def _timeline(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    wish = TimelineForm(request.GET).wish()
    return {"names": timeline.names(customer.pk), "wish": wish, "kinds": timeline.KINDS} | _page(request, customer, wish)


def _page(request: HttpRequest, customer: Customer, wish: Wish) -> dict[str, Any]:
    try:
        with sql.statement_timeout(SEARCH_SECONDS):
            found = timeline.of_customer(customer.pk, wish, cursor=request.GET.get("cursor", ""))
    except sql.TookTooLong:
        return {"timeline": timeline.TimelinePage([], ""), "is_slow": True}
    return {"timeline": found, "is_slow": False}


def _purchases(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    may = request.user.has_perm("customers.view_order")
    return {
        "orders": people.orders_of(customer.pk)[:10] if may else [],
        "panels": _panels(request, customer, "purchases"),
    }


def _messages(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    return {"panels": _panels(request, customer, "messages")}


def _profile(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    return {
        "attribute_groups": profile.attributes(customer),
        "identities": customer.identities.order_by("kind", "linked_at")[:200],
    }


def _consent(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    return {"consent_log": consents.log(customer.pk, 100), "panels": _panels(request, customer, "consent")}


FILL = {
    "": _overview,
    "timeline": _timeline,
    "purchases": _purchases,
    "messages": _messages,
    "profile": _profile,
    "consent": _consent,
}


def _panels(request: HttpRequest, customer: Customer, tab: str) -> list[dict[str, Any]]:
    return [
        {"panel": panel, "url": reverse(panel.url_name, args=[customer.pk])}
        for panel in panels.all(tab)
        if not panel.permission or request.user.has_perm(panel.permission)
    ]


def _actions(request: HttpRequest, customer: Customer) -> dict[str, list[dict[str, Any]]]:
    """Buttons of the header, what stands in its menu, and the dangerous part of that menu."""
    found: list[dict[str, Any]] = [
        {"action": action, "url": reverse(action.url_name, args=[customer.pk])}
        for action in page_actions.all()
        if not action.permission or request.user.has_perm(action.permission)
    ]
    dangers = [item for item in found if item["action"].tone == "danger"]
    others = [item for item in found if item["action"].tone != "danger"]
    return {"buttons": others[:2], "menu": others[2:], "dangers": dangers}


@staff("customers.view_customer")
def customer_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Further entries of the timeline: a fragment for htmx, a page of its own without."""
    customer = get_object_or_404(Customer, pk=pk)
    wish = TimelineForm(request.GET).wish()
    name = "customers/partials/timeline_rows.html" if request.htmx else "customers/customer_timeline.html"  # type: ignore[attr-defined]
    return render(request, name, {"customer": customer, "wish": wish} | _page(request, customer, wish))


@staff("customers.view_customer", "customers.view_order")
def customer_orders(request: HttpRequest, pk: int) -> HttpResponse:
    """All orders and refunds of one customer."""
    customer = get_object_or_404(Customer, pk=pk)
    page = Paginator(people.orders_of(pk), 20).get_page(request.GET.get("page"))
    context = {"customer": customer, "page": page, "orders": page.object_list, "refunds": people.loose_refunds_of(pk)[:200]}
    return render(request, "customers/customer_orders.html", context)


@staff("customers.view_customer", "customers.add_customernote")
@require_POST
def customer_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note on a customer, or take one's own away."""
    customer = get_object_or_404(Customer, pk=pk)
    form, user_id = NoteForm(request.POST), int(request.user.pk or 0)
    if note_id := request.POST.get("remove"):
        if note_id.isascii() and note_id.isdigit() and len(note_id) < 19:
            notes.remove(int(note_id), customer_id=pk, user_id=user_id)
    elif form.is_valid():
        notes.write(pk, form.cleaned_data["text"], user_id=user_id, at=now())
        audit.note(
            "customer.note_written", subject=f"customer {customer.pk}", user_id=user_id, at=now(),
            address=client_address(request),
        )  # fmt: skip
    else:
        messages.error(request, _("A note needs words, at most 4,000 letters of them."))
    return redirect(f"{reverse('customers:customer-detail', args=[pk])}#notes")
