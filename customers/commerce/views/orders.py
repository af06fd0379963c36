"""Orders: the list and one order."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from config.kit.access import staff
from customers.commerce.filters import OrderFilter
from customers.commerce.queries import lists
from customers.commerce.views import tabs
from customers.models import Order
from customers.queries import brand


@staff("customers.view_order")
def order_list(request: HttpRequest) -> HttpResponse:
    """Orders, newest first."""
    found = OrderFilter(request.GET, queryset=Order.objects.all())
    context = {
        "tabs": tabs(request, "order-list"),
        "filter": found,
        "slice": lists.orders(found.qs, request.GET.get("after", "")),
        "is_filtered": found.is_bound and any(found.form.cleaned_data.values() if found.is_valid() else [True]),
        "is_first": not request.GET.get("after"),
    }
    return render(request, "customers/commerce/order_list.html", context)


@staff("customers.view_order")
def order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One order with its lines, refunds, and what was charged in which currency."""
    order = get_object_or_404(Order.objects.select_related("customer"), pk=pk)
    lines = [
        {"line": line, "amount": line.quantity * line.unit_minor}
        for line in order.lines.select_related("product").order_by("id")
    ]
    context = {
        "order": order,
        "lines": lines,
        "refunds": order.refunds.order_by("refunded_at", "id"),
        "left": order.total_minor - order.refunded_minor,
        "brand": brand.current(),
    }
    return render(request, "customers/commerce/order_detail.html", context)
