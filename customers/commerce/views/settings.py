"""Settings: exchange rates, and how subscriptions count."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.commerce.actions import counting
from customers.commerce.actions import rates as writing
from customers.commerce.forms import CountingForm, RateFileForm, RateForm
from customers.commerce.queries import settings
from customers.models import CommerceSettings, ExchangeRate
from customers.queries import brand


def _note(request: HttpRequest, verb: str, subject: str, **detail: object) -> None:
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


@staff("customers.view_exchangerate")
def rate_list(request: HttpRequest) -> HttpResponse:
    """The rates by currency, newest first; whoever may add rates enters one or uploads a file."""
    can_add = request.user.has_perm("customers.add_exchangerate")
    is_post = request.method == "POST" and can_add
    is_file = is_post and "file" in request.FILES
    one = RateForm(request.POST if is_post and not is_file else None)
    many = RateFileForm(request.POST if is_file else None, request.FILES if is_file else None)
    if is_file and many.is_valid():
        count = writing.save(many.cleaned_data["file"])
        _note(request, "rates.uploaded", f"{count} rates", count=count)
        messages.success(
            request, ngettext("%(count)s rate was taken.", "%(count)s rates were taken.", count) % {"count": count}
        )
        return redirect("customers:rate-list")
    if is_post and not is_file and one.is_valid():
        found = one.cleaned_data
        writing.save([(found["currency"], found["on"], found["rate"])])
        _note(request, "rate.entered", f"{found['currency']} {found['on']}", rate=str(found["rate"]))
        messages.success(
            request, _("The rate was saved. What was held for want of it is taken with the next delivery or import.")
        )
        return redirect("customers:rate-list")
    rows = ExchangeRate.objects.order_by("-on", "currency")
    code = request.GET.get("currency", "").upper()[:3]
    if code:
        rows = rows.filter(currency=code)
    context = {
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "form": one,
        "file_form": many,
        "can_add": can_add,
        "can_delete": request.user.has_perm("customers.delete_exchangerate"),
        "account": brand.current().currency,
        "code": code,
        "currencies": ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct(),
    }
    return render(request, "customers/commerce/rate_list.html", context)


@staff("customers.delete_exchangerate")
@require_POST
def rate_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a rate away; what was converted by it stays as it is."""
    rate = get_object_or_404(ExchangeRate, pk=pk)
    _note(request, "rate.deleted", f"{rate.currency} {rate.on}", rate=str(rate.rate))
    rate.delete()
    messages.success(request, _("The rate was deleted. Amounts that were converted by it stay."))
    return redirect("customers:rate-list")


@staff("customers.view_commercesettings")
def counting_edit(request: HttpRequest) -> HttpResponse:
    """How subscriptions count; a change derives every movement again."""
    can_change = request.user.has_perm("customers.change_commercesettings")
    current = settings.current()
    form = CountingForm(request.POST if request.method == "POST" and can_change else None, instance=current)
    if not can_change:
        for field in form.fields.values():
            field.disabled = True
    if form.is_bound and form.is_valid():
        stored: CommerceSettings = form.save(commit=False)
        counting.save(stored)
        _note(request, "subscriptions.counting_changed", "subscriptions", fields=list(form.changed_data))
        messages.success(request, _("Saved. The movements of MRR are being counted again."))
        return redirect("customers:counting-edit")
    context = {"form": form, "can_change": can_change, "is_counting": current.rebuild_after is not None}
    return render(request, "customers/commerce/counting_form.html", context)
