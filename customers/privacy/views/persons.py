"""Staff give a person their data or erase them, and see every request."""

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.enums import DataRequestKind
from customers.models import Customer, DataRequest
from customers.privacy.actions import requests
from customers.privacy.forms import TypedNumber
from customers.privacy.queries import preview


@staff("customers.view_customer", "customers.export_person")
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """What a copy holds; POST has it built in the background."""
    customer = get_object_or_404(Customer, pk=pk)
    if request.method == "POST":
        return _open(
            request, customer, DataRequestKind.EXPORT, _("The copy is being made. It is on this list in a moment.")
        )
    return render(request, "customers/privacy/copy.html", {"customer": customer, "owned": preview.owned_by(customer)})


@staff("customers.view_customer", "customers.erase_customer")
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """What an erasure removes and what stays; POST with the customer's number typed starts it."""
    customer = get_object_or_404(Customer, pk=pk)
    days = requests.waiting_days(is_by_customer=False)
    form = TypedNumber(request.POST or None, number=customer.pk)
    if request.method == "POST" and form.is_valid():
        return _open(request, customer, DataRequestKind.ERASURE, _("The erasure was ordered."))
    context = {
        "customer": customer, "form": form, "owned": preview.owned_by(customer), "policies": preview.erasure(),
        "days": days,
    }  # fmt: skip
    return render(request, "customers/privacy/erase.html", context)


def _open(request: HttpRequest, customer: Customer, kind: str, done: str) -> HttpResponse:
    try:
        requests.open_for(customer, kind, user_id=request.user.pk, at=now())
        messages.success(request, done)
    except requests.CannotRequest as error:
        messages.error(request, str(error))
    return redirect(
        "customers:data-request-list" if request.user.has_perm("customers.view_datarequest") else "customers:customer-list"
    )


@staff("customers.view_datarequest")
def request_list(request: HttpRequest) -> HttpResponse:
    """Every request, the one that is due first on top."""
    at = now()
    context = {"rows": requests.listed(), "today": at.date(), "at": at}
    return render(request, "customers/privacy/request_list.html", context)


@staff("customers.erase_customer")
@require_POST
def request_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a request off that was not carried out yet."""
    if requests.cancel(pk, user_id=request.user.pk, at=now()):
        messages.success(request, _("The request was called off."))
    else:
        messages.error(request, _("It is too late to call this request off."))
    return redirect("customers:data-request-list")


@staff("customers.export_person")
@require_POST
def request_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a failed request again."""
    if requests.try_again(pk, user_id=request.user.pk, at=now()):
        messages.success(request, _("The request is tried again."))
    else:
        messages.error(request, _("This request did not fail."))
    return redirect("customers:data-request-list")


@staff("customers.export_person")
@require_safe
def request_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The copy, for whoever asked for it, for 24 hours."""
    mine = DataRequest.objects.filter(pk=pk, kind=DataRequestKind.EXPORT, requested_by=request.user.pk)
    found = mine.first()
    if found is None or not found.file or found.expires_at is None or found.expires_at <= now():
        messages.error(request, _("There is no such file for you, or its 24 hours are over."))
        return redirect("customers:data-request-list")
    audit.note(
        "data_request.downloaded", subject=f"customer {found.customer_number}", user_id=request.user.pk, at=now(),
        address=client_address(request), detail={"request": found.pk},
    )  # fmt: skip
    response = FileResponse(found.file.open("rb"), as_attachment=True, filename=f"customer-{found.customer_number}.zip")
    response["Cache-Control"] = "no-store"
    return response
