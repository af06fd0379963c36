"""The customer list, and what staff do with customers there and by forms."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import client_address, number_in, staff
from config.kit.clock import now
from customers.actions import audit
from customers.actions import consent as consenting
from customers.actions import people as changing
from customers.enums import SegmentKind, SuppressionReason
from customers.filters import CustomerFilter
from customers.forms import ConsentForm, CustomerForm
from customers.imports.queries import csv_lines
from customers.models import Customer, Segment
from customers.queries import people
from customers.rules import addresses, countries
from customers.segments.actions import lists

COLUMNS_COOKIE = "customer_columns"


def _note(request: HttpRequest, verb: str, customer: Customer | None = None, **detail: Any) -> None:
    subject = f"customer {customer.pk}" if customer else "customers"
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


@staff("customers.view_customer")
def customer_list(request: HttpRequest) -> HttpResponse:
    """Customers with search, filters, sort and pages; at most 10,000 are counted and paged."""
    filters = CustomerFilter(request.GET or None, queryset=Customer.objects.all())
    context: dict[str, Any] = {
        "filter": filters,
        "default_sort": people.DEFAULT_SORT,
        "country_names": countries.NAMES,
        "columns": _columns(request),
        "all_columns": people.COLUMNS,
        "is_filtered": bool(filters.described()),
    }
    if request.user.has_perm("customers.change_segment"):
        context["lists"] = list(Segment.objects.filter(kind=SegmentKind.STATIC).order_by("name")[:200])
        context["can_list"] = bool(context["lists"])
    try:
        context |= _rows(request, filters)
    except sql.TookTooLong:
        context |= {"page": Paginator([], 50).get_page(1), "is_slow": True}
    return render(request, "customers/customer_list.html", context)


def _rows(request: HttpRequest, filters: CustomerFilter) -> dict[str, Any]:
    """One page of whom the filters find; of a search at most its limit, found before they are sorted."""
    text = filters.form.cleaned_data.get("q") if filters.is_valid() else ""
    if text:  # in its own short time
        found, count = people.found_first(filters.qs, text)
        return _page(request, found, people.SEARCH_LIMIT, known=count)
    with sql.statement_timeout(people.SECONDS):
        return _page(request, filters.qs, people.COUNT_LIMIT)


def _page(request: HttpRequest, found: QuerySet[Customer], limit: int, *, known: int | None = None) -> dict[str, Any]:
    paginator = people.CappedPaginator(people.sorted_by(found, request.GET.get("sort", "")), 50)  # type: ignore[arg-type]
    paginator.limit, paginator.known = limit, known
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    return {"page": page, "is_capped": paginator.is_capped, "limit": limit}


def _columns(request: HttpRequest) -> list[str]:
    chosen = request.COOKIES.get(COLUMNS_COOKIE, "").split(".")
    return [name for name in people.COLUMNS if name in chosen] or list(people.DEFAULT_COLUMNS)


@staff("customers.view_customer")
@require_POST
def customer_columns(request: HttpRequest) -> HttpResponse:
    """Which columns this browser shows; nothing chosen gives the usual ones again."""
    chosen = [name for name in people.COLUMNS if name in request.POST.getlist("column")]
    response = redirect(f"{reverse('customers:customer-list')}?{request.GET.urlencode()}")
    response.set_cookie(COLUMNS_COOKIE, ".".join(chosen), max_age=365 * 86400, httponly=True, samesite="Lax")
    return response


@staff("customers.view_customer", "customers.change_segment")
@require_POST
def customer_to_list(request: HttpRequest) -> HttpResponse:
    """Put the chosen customers, or everybody whom the filter finds, on a list; asked again with the number before."""
    target = get_object_or_404(Segment, pk=number_in(request.POST.get("list", "")) or 0, kind=SegmentKind.STATIC)
    back = f"{reverse('customers:customer-list')}?{request.GET.urlencode()}"
    everybody = request.POST.get("who") == "all"
    if everybody:
        filters = CustomerFilter(request.GET or None, queryset=Customer.objects.all())
        ids = list(filters.qs.order_by().values_list("pk", flat=True)[: lists.LIMIT + 1])
    else:
        ids = [number for text in request.POST.getlist("customer")[:500] if (number := number_in(text))]
        ids = list(Customer.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if not ids or len(ids) > lists.LIMIT:
        problem = _("Choose at least one customer.") if not ids else _("A list takes at most 200,000 at once; narrow down.")
        messages.error(request, problem)
        return redirect(back)
    if request.POST.get("confirmed") != str(len(ids)):
        context = {
            "list": target,
            "count": len(ids),
            "everybody": everybody,
            "chosen": [] if everybody else ids,
            "back": back,
        }
        return render(request, "customers/customer_to_list.html", context)
    count = lists.add(target.pk, ids, user_id=request.user.pk, at=now())
    messages.success(request, _("%(count)s customers put on the list.") % {"count": f"{count:,}"})
    return redirect("customers:segment-detail", target.pk)


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


@staff("customers.add_customer")
def customer_add(request: HttpRequest) -> HttpResponse:
    """Enter one customer by hand."""
    form = CustomerForm(request.POST or None)
    twins = _twins(request, form)
    if request.method == "POST" and form.is_valid() and not twins:
        customer = changing.create(form.changes(), source="staff", at=now())
        _note(request, "customer.created", customer)
        messages.success(request, _("The customer was added."))
        return redirect("customers:customer-detail", customer.pk)
    return render(request, "customers/customer_form.html", {"form": form, "customer": None, "twins": twins})


def _twins(request: HttpRequest, form: CustomerForm) -> list[Customer]:
    """Customers who have the same e-mail already, until somebody says that these are different people."""
    if request.method != "POST" or request.POST.get("is_another") or not form.is_valid():
        return []
    return form.twins()


@staff("customers.change_customer")
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the profile of one customer."""
    customer = get_object_or_404(Customer, pk=pk)
    form = CustomerForm(request.POST or None, instance=customer)
    twins = _twins(request, form)
    if request.method == "POST" and form.is_valid() and not twins:
        changed = changing.change(pk, form.changes(), source="staff", at=now())
        if changed:
            _note(request, "customer.changed", customer, fields=changed)
        messages.success(request, _("The profile was saved."))
        return redirect("customers:customer-detail", pk)
    stored = Customer.objects.get(pk=pk)
    return render(request, "customers/customer_form.html", {"form": form, "customer": stored, "twins": twins})


def _consent_tab(pk: int) -> str:
    return reverse("customers:customer-detail", args=[pk]) + "?tab=consent"


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
        return redirect(_consent_tab(pk))
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
    return redirect(_consent_tab(pk))


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
    return redirect(_consent_tab(pk))
