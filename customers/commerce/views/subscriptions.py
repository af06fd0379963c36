"""Subscriptions: the list, and the panel on the customer page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from config.kit.access import staff
from customers.commerce.filters import SubscriptionFilter
from customers.commerce.queries import lists
from customers.commerce.views import tabs
from customers.models import Customer, Subscription
from customers.queries import brand


@staff("customers.view_subscription")
def subscription_list(request: HttpRequest) -> HttpResponse:
    """Subscriptions, newest first, or those that renew next."""
    found = SubscriptionFilter(request.GET, queryset=Subscription.objects.all())
    by_renewal = found.by_renewal
    context = {
        "tabs": tabs(request, "subscription-list"),
        "filter": found,
        "slice": lists.subscriptions(found.qs, request.GET.get("after", ""), by_renewal=by_renewal),
        "is_filtered": found.is_bound and any(found.form.cleaned_data.values() if found.is_valid() else [True]),
        "is_first": not request.GET.get("after"),
        "totals": lists.totals(),
        "currency": brand.current().currency,
    }
    return render(request, "customers/commerce/subscription_list.html", context)


@staff("customers.view_subscription", "customers.view_customer")
def panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The subscriptions of a customer with their history, as a part of the customer page."""
    customer = get_object_or_404(Customer, pk=customer_id)
    context = {"customer": customer, "subscriptions": lists.of_customer(customer_id), "currency": brand.current().currency}
    return render(request, "customers/commerce/partials/panel.html", context)
