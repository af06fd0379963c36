"""The panel of the customer page: what the customer is worth, by recency, frequency and money."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from config.kit.access import staff
from customers.models import Customer
from customers.queries import brand
from metrics.models import RfmScore


@staff("metrics.view_rfmscore", "customers.view_customer")
def value(request: HttpRequest, customer_id: int) -> HttpResponse:
    """RFM group and scores of one customer, as a fragment of the customer page."""
    customer = get_object_or_404(Customer, pk=customer_id)
    score = RfmScore.objects.filter(customer=customer).first()
    context = {"customer": customer, "score": score, "currency": brand.current().currency}
    return render(request, "metrics/partials/panel.html", context)
