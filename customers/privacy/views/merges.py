"""Staff find doubles, merge two customers with a preview, and undo it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.models import Customer, CustomerMerge, DifferentPeople
from customers.privacy.actions import merge as merging
from customers.privacy.forms import TypedNumber
from customers.privacy.queries import doubles as doubling
from customers.privacy.queries import preview
from customers.queries import search as searching


@staff("customers.view_customer", "customers.merge_customer")
def search(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the other customer: the one that goes into this one."""
    customer = get_object_or_404(Customer, pk=pk)
    q = request.GET.get("q", "").replace("\0", "").strip()[:120]
    found = [other for other in _search(q) if other.pk != pk][:20] if q else []
    context = {"customer": customer, "q": q, "found": found, "alike": doubling.of_customer(customer)}
    return render(request, "customers/privacy/merge_search.html", context)


def _search(q: str) -> list[Customer]:
    number = number_in(q.lstrip("#"))
    named = list(Customer.objects.filter(pk=number)) if number is not None else []
    return [*named, *(hit.customer for hit in searching.suggest(q) if hit.customer.pk != number)]


@staff("customers.view_customer", "customers.merge_customer")
def merge(request: HttpRequest, pk: int, source: int) -> HttpResponse:
    """Both side by side; POST with the number of the one that goes, typed, merges."""
    if pk == source:
        return redirect("customers:merge-search", pk=pk)
    target, other = get_object_or_404(Customer, pk=pk), get_object_or_404(Customer, pk=source)
    form = TypedNumber(request.POST or None, number=other.pk)
    if request.method == "POST" and form.is_valid():
        chosen = {name for name in request.POST.getlist("source_field") if len(name) < 300}
        try:
            merging.merge(other.pk, target.pk, source="staff", user_id=request.user.pk, at=now(), chosen=chosen)
        except merging.CannotMerge as error:
            messages.error(request, error.reason)
        except OperationalError:
            messages.error(request, _("Events of these customers are being worked on. Please try again in a moment."))
        else:
            messages.success(request, _("The customers were merged. You can undo it for 30 days."))
        return redirect("customers:customer-detail", pk=pk)
    context = {
        "target": target, "source": other, "form": form, "lines": preview.profile_lines(other, target),
        "owned": preview.owned(other, target), "warnings": preview.warnings(other, target),
    }  # fmt: skip
    return render(request, "customers/privacy/merge.html", context)


@staff("customers.view_customer", "customers.merge_customer")
def doubles(request: HttpRequest) -> HttpResponse:
    """Customers who seem to be one person."""
    chosen = doubling.reason(request.GET.get("by", ""))
    tabs = [
        {"label": item.label, "url": f"?by={item.key}", "is_current": item.key == chosen.key, "count": None}
        for item in doubling.REASONS
    ]
    known = doubling.alike(chosen, at=now())
    page = Paginator(doubling.pairs(chosen, known), 25).get_page(request.GET.get("page"))
    return render(
        request,
        "customers/privacy/doubles.html",
        {"tabs": tabs, "page": page, "by": chosen.key, "counted_at": known.counted_at},
    )


@staff("customers.merge_customer")
@require_POST
def different(request: HttpRequest) -> HttpResponse:
    """Two customers are different people: the pair is not shown again."""
    numbers = [number_in(request.POST.get(name, "")) for name in ("one", "other")]
    if None in numbers or numbers[0] == numbers[1]:
        raise Http404
    low, high = sorted(number for number in numbers if number is not None)
    DifferentPeople.objects.get_or_create(lower_number=low, higher_number=high, defaults={"decided_at": now()})
    messages.success(request, _("The pair is not shown again."))
    return redirect("customers:doubles")


@staff("customers.view_customer", "customers.merge_customer")
def merge_list(request: HttpRequest) -> HttpResponse:
    """Every merge, with the way back while there is one."""
    at = now()
    merges = CustomerMerge.objects.select_related("into", "merged_by", "undone_by").order_by("-pk")
    page = Paginator(merges.defer("kept"), 25).get_page(request.GET.get("page"))
    rows = [{"merge": row, "why_not": merging.why_not_undo(row, at=at)} for row in page.object_list]
    return render(request, "customers/privacy/merge_list.html", {"page": page, "rows": rows})


@staff("customers.merge_customer")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Make two customers of one again."""
    done = get_object_or_404(CustomerMerge.objects.defer("kept"), pk=pk)
    try:
        merging.undo(pk, user_id=request.user.pk, at=now())
    except merging.CannotUndo as error:
        messages.error(request, error.reason)
        return redirect("customers:merge-list")
    except OperationalError:
        messages.error(request, _("Events of this customer are being worked on. Please try again in a moment."))
        return redirect("customers:merge-list")
    messages.success(request, _("The merge was undone: these are two customers again."))
    return redirect("customers:customer-detail", pk=done.from_number)
