"""The customers behind a figure."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from customers.models import Customer, Order
from metrics.models import RfmScore
from metrics.queries.truth import WINDOW
from metrics.rules.periods import Period


def _counting() -> QuerySet[Order]:
    return Order.objects.filter(state="paid", total_minor__gt=0, customer=OuterRef("pk"))


def new(period: Period) -> QuerySet[Customer]:
    """Customers whose first order fell into the period."""
    within = _counting().filter(local_day__range=(period.first, period.last))
    earlier = _counting().filter(local_day__lt=period.first)
    return Customer.objects.filter(Exists(within), ~Exists(earlier)).order_by("-id")


def bought(period: Period) -> QuerySet[Customer]:
    """Customers with an order in the period."""
    within = _counting().filter(local_day__range=(period.first, period.last))
    return Customer.objects.filter(Exists(within)).order_by("-id")


def lapsed(period: Period) -> QuerySet[Customer]:
    """Customers whose last order became 90 days old in the period, and who have not come back since."""
    days = timedelta(days=WINDOW)
    scores = RfmScore.objects.filter(last_order_on__range=(period.first - days, period.last - days))
    return Customer.objects.filter(pk__in=scores.values("customer_id")).order_by("-id")


def of_cell(r: int, f: int) -> QuerySet[Customer]:
    """Customers with these recency and frequency scores, best customers first."""
    found = Customer.objects.filter(rfm__r=r, rfm__f=f)
    return found.annotate(worth=F("rfm__revenue_minor")).order_by("-worth", "id")


def of_class(rfm_class: str) -> QuerySet[Customer]:
    """Customers of one RFM group, best customers first."""
    found = Customer.objects.filter(rfm__rfm_class=rfm_class)
    return found.annotate(worth=F("rfm__revenue_minor")).order_by("-worth", "id")
