"""The customer list, the customer page, and what staff do there."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.actions import consent as consenting
from customers.actions import people as changing
from customers.enums import SuppressionReason
from customers.filters import CustomerFilter
from customers.forms import ConsentForm, CustomerForm
from customers.imports.queries import csv_lines
from customers.models import Consent, Customer, CustomerFacts, Segment
from customers.ports import panels
from customers.queries import consent as consents
from customers.queries import people, timeline
from customers.rules import addresses, countries


def _note(request: HttpRequest, verb: str, customer: Customer | None = None, **detail: Any) -> None:
    subject = f"customer {customer.pk}" if customer else "customers"
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


@staff("customers.view_customer")
def customer_list(request: HttpRequest) -> HttpResponse:
    """Customers with search, filters, sort and pages; at most 10,000 are counted and paged."""
    filters = CustomerFilter(request.GET or None, queryset=Customer.objects.all())
    found = people.ordered(filters.qs, request.GET.get("sort", ""))
    paginator = people.CappedPaginator(found.select_related("facts"), 50)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "filter": filters,
        "page": page,
        "has_stages": any(customer.stage for customer in page.object_list),
        "is_capped": paginator.is_capped,
        "limit": people.COUNT_LIMIT,
        "default_sort": people.DEFAULT_SORT,
        "country_names": countries.NAMES,
        "is_filtered": bool(filters.described()),
    }
    return render(request, "customers/customer_list.html", context)


@staff("customers.view_customer", "customers.export_customer")
@require_POST
def customer_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as a file, streamed; who took it and with which filter is noted."""
    filters = CustomerFilter(request.GET or None, queryset=Customer.objects.all())
    found = people.ordered(filters.qs, request.GET.get("sort", ""))
    _note(request, "customers.exported", filter=filters.described(), rows=found.count())
    response = StreamingHttpResponse(csv_lines(people.export_rows(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return response


@staff("customers.view_customer")
def customer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one customer."""
    customer = get_object_or_404(Customer, pk=pk)
    kind = request.GET.get("kind", "")
    context = {
        "customer": customer,
        "facts": CustomerFacts.objects.filter(customer=customer).first(),
        "country_name": countries.name(customer.country),
        "segments": Segment.objects.filter(memberships__customer=customer).order_by("name"),
        "timeline": timeline.of_customer(pk, kind=kind),
        "kind": kind,
        "tabs": _kinds(customer, kind),
        "orders": people.orders_of(pk)[:5],
        "refunds": people.loose_refunds_of(pk)[:5],
        "consents": Consent.objects.filter(customer=customer).select_related("topic").order_by("topic__name", "channel"),
        "consent_log": consents.log(pk, 20),
        "suppressions": consents.of_customer(customer),
        "panels": _panels(request, customer),
        "attributes": sorted(customer.attributes.items()),
    }
    return render(request, "customers/customer_detail.html", context)


def _kinds(customer: Customer, kind: str) -> list[dict[str, Any]]:
    url = reverse("customers:customer-detail", args=[customer.pk])
    return [
        {"label": label, "url": f"{url}?kind={key}#timeline" if key else f"{url}#timeline", "is_current": key == kind}
        for key, label in timeline.KINDS
    ]


def _panels(request: HttpRequest, customer: Customer) -> list[dict[str, Any]]:
    return [
        {"panel": panel, "url": reverse(panel.url_name, args=[customer.pk])}
        for panel in panels.all()
        if not panel.permission or request.user.has_perm(panel.permission)
    ]


@staff("customers.view_customer")
def customer_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Further entries of the timeline: a fragment for htmx, a page of its own without."""
    customer = get_object_or_404(Customer, pk=pk)
    kind = request.GET.get("kind", "")
    page = timeline.of_customer(pk, kind=kind, cursor=request.GET.get("cursor", ""))
    name = "customers/partials/timeline_rows.html" if request.htmx else "customers/customer_timeline.html"  # type: ignore[attr-defined]
    return render(request, name, {"customer": customer, "timeline": page, "kind": kind})


@staff("customers.view_customer", "customers.view_order")
def customer_orders(request: HttpRequest, pk: int) -> HttpResponse:
    """All orders and refunds of one customer."""
    customer = get_object_or_404(Customer, pk=pk)
    page = Paginator(people.orders_of(pk), 20).get_page(request.GET.get("page"))
    context = {"customer": customer, "page": page, "orders": page.object_list, "refunds": people.loose_refunds_of(pk)[:200]}
    return render(request, "customers/customer_orders.html", context)


@staff("customers.add_customer")
def customer_add(request: HttpRequest) -> HttpResponse:
    """Enter one customer by hand."""
    form = CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        customer = changing.create(form.changes(), source="staff", at=now())
        _note(request, "customer.created", customer)
        messages.success(request, _("The customer was added."))
        return redirect("customers:customer-detail", customer.pk)
    return render(request, "customers/customer_form.html", {"form": form, "customer": None})


@staff("customers.change_customer")
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the profile of one customer."""
    customer = get_object_or_404(Customer, pk=pk)
    form = CustomerForm(request.POST or None, instance=customer)
    if request.method == "POST" and form.is_valid():
        changed = changing.change(pk, form.changes(), source="staff", at=now())
        if changed:
            _note(request, "customer.changed", customer, fields=changed)
        messages.success(request, _("The profile was saved."))
        return redirect("customers:customer-detail", pk)
    stored = Customer.objects.get(pk=pk)
    return render(request, "customers/customer_form.html", {"form": form, "customer": stored})


@staff("customers.change_consent")
def customer_consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what a customer said about a topic."""
    customer = get_object_or_404(Customer, pk=pk)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        consenting.set_consent(
            [pk], topic=said["topic"], channel=said["channel"], state=said["state"], source=f"staff: {said['source']}",
            wording=said["wording"], at=now(),
        )  # fmt: skip
        _note(request, "consent.changed", customer, topic=said["topic"].slug, channel=said["channel"], state=said["state"])
        messages.success(request, _("The answer was recorded."))
        return redirect("customers:customer-detail", pk)
    return render(request, "customers/customer_consent.html", {"form": form, "customer": customer})


def _address(request: HttpRequest, customer: Customer) -> tuple[str, str]:
    channel = request.POST.get("channel", "")
    column = addresses.FIELDS.get(channel)
    return (channel, getattr(customer, column)) if column else ("", "")


@staff("customers.add_suppression")
@require_POST
def customer_suppress(request: HttpRequest, pk: int) -> HttpResponse:
    """Never send to this customer's address again."""
    customer = get_object_or_404(Customer, pk=pk)
    channel, address = _address(request, customer)
    if not address:
        messages.error(request, _("There is no address to block."))
    else:
        reason = SuppressionReason.MANUAL
        consenting.suppress(channel=channel, address=address, reason=reason, at=now(), customer_id=pk)
        _note(request, "suppression.added", customer, channel=channel)
        messages.success(request, _("The address is blocked: nothing is sent to it any more."))
    return redirect("customers:customer-detail", pk)


@staff("customers.delete_suppression")
@require_POST
def customer_unsuppress(request: HttpRequest, pk: int) -> HttpResponse:
    """Take this customer's address off the suppression list."""
    customer = get_object_or_404(Customer, pk=pk)
    channel, address = _address(request, customer)
    try:
        done = bool(address) and consenting.unsuppress(channel=channel, address=address)
    except consenting.CannotUnsuppress:
        messages.error(request, _("This address was erased on request; it stays blocked for good."))
    else:
        if done:
            _note(request, "suppression.removed", customer, channel=channel)
            messages.success(request, _("The address may be written to again, where consent allows it."))
    return redirect("customers:customer-detail", pk)
