"""Products: the list, and their names and categories."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.commerce.filters import ProductFilter
from customers.commerce.forms import ProductForm
from customers.commerce.queries import lists
from customers.commerce.views import tabs
from customers.models import Product


@staff("customers.view_product")
def product_list(request: HttpRequest) -> HttpResponse:
    """Products by SKU."""
    found = ProductFilter(request.GET, queryset=Product.objects.all())
    context = {
        "tabs": tabs(request, "product-list"),
        "filter": found,
        "slice": lists.products(found.qs, request.GET.get("after", "").replace("\0", "")),
        "is_filtered": found.is_bound and any(found.form.cleaned_data.values() if found.is_valid() else [True]),
        "is_first": not request.GET.get("after"),
    }
    return render(request, "customers/commerce/product_list.html", context)


@staff("customers.change_product")
def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name and category of a product."""
    product = get_object_or_404(Product, pk=pk)
    form = ProductForm(request.POST or None, instance=product)
    if request.method == "POST" and form.is_valid():
        form.save()
        detail = {"fields": list(form.changed_data)}
        audit.note(
            "product.changed", subject=product.sku, user_id=request.user.pk, at=now(), address=client_address(request),
            detail=detail,
        )  # fmt: skip
        messages.success(request, _("The product was saved."))
        return redirect("customers:product-list")
    return render(request, "customers/commerce/product_form.html", {"form": form, "product": product})
