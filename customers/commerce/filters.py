"""Filters of the lists of orders, subscriptions and products."""

from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.kit.clock import day_bounds, local_day, now
from customers.commerce.rules.mrr import RUNNING
from customers.enums import OrderState, SubscriptionStatus
from customers.models import ExchangeRate, Order, OrderLine, Product, Subscription
from customers.queries import brand

SEARCH = {"type": "search"}
DAY = {"type": "date"}


def _currencies() -> list[tuple[str, str]]:
    known = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    return [(code, code) for code in sorted({*known, brand.current().currency})]


class OrderFilter(django_filters.FilterSet):
    """Number, state, days, currency charged, source, product."""

    q = django_filters.CharFilter(
        label=_("Number"), method="search", widget=forms.TextInput({**SEARCH, "placeholder": _("Beginning of a number")})
    )
    state = django_filters.ChoiceFilter(label=_("State"), choices=OrderState.choices, empty_label=_("All"))
    since = django_filters.DateFilter(label=_("From"), method="from_day", widget=forms.DateInput(DAY))
    until = django_filters.DateFilter(label=_("To"), method="to_day", widget=forms.DateInput(DAY))
    currency = django_filters.ChoiceFilter(
        label=_("Charged in"), choices=_currencies, method="charged", empty_label=_("All")
    )
    source = django_filters.CharFilter(label=_("Source"), field_name="source", lookup_expr="exact")
    product = django_filters.CharFilter(label=_("Product (SKU)"), method="with_product")

    class Meta:
        model = Order
        fields: list[str] = []

    def search(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(number__startswith=value.replace("\0", "").strip())

    def from_day(self, queryset: QuerySet[Order], name: str, value: date) -> QuerySet[Order]:
        return queryset.filter(placed_at__gte=day_bounds(value, brand.current().timezone)[0])

    def to_day(self, queryset: QuerySet[Order], name: str, value: date) -> QuerySet[Order]:
        return queryset.filter(placed_at__lt=day_bounds(value, brand.current().timezone)[1])

    def charged(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(charged_currency="" if value == brand.current().currency else value)

    def with_product(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        product = Product.objects.filter(sku=value.replace("\0", "").strip()).values("id")[:1]
        return queryset.filter(Exists(OrderLine.objects.filter(order=OuterRef("pk"), product__in=product)))


class SubscriptionFilter(django_filters.FilterSet):
    """Status, plan, renewing soon, cancelled for later."""

    q = django_filters.CharFilter(label=_("Reference"), method="search", widget=forms.TextInput(SEARCH))
    status = django_filters.ChoiceFilter(label=_("Status"), choices=SubscriptionStatus.choices, empty_label=_("All"))
    plan = django_filters.CharFilter(label=_("Plan"), field_name="plan", lookup_expr="exact")
    renews = django_filters.ChoiceFilter(
        label=_("Renews"),
        method="renews_within",
        choices=[("7", _("within 7 days")), ("30", _("within 30 days")), ("90", _("within 90 days"))],
        empty_label=_("Any time"),
    )
    risk = django_filters.ChoiceFilter(
        label=_("Cancelled"), method="at_risk", choices=[("yes", _("Cancelled for later"))], empty_label=_("All")
    )

    class Meta:
        model = Subscription
        fields: list[str] = []

    def search(self, queryset: QuerySet[Subscription], name: str, value: str) -> QuerySet[Subscription]:
        return queryset.filter(reference__startswith=value.replace("\0", "").strip())

    def renews_within(self, queryset: QuerySet[Subscription], name: str, value: str) -> QuerySet[Subscription]:
        today = local_day(now(), brand.current().timezone)
        return queryset.filter(
            status__in=RUNNING, cancel_at__isnull=True, renews_on__range=(today, today + timedelta(days=int(value)))
        )

    def at_risk(self, queryset: QuerySet[Subscription], name: str, value: str) -> QuerySet[Subscription]:
        return queryset.filter(cancel_at__isnull=False).exclude(status=SubscriptionStatus.ENDED)

    @property
    def by_renewal(self) -> bool:
        """Whether the next to renew come first."""
        return bool(self.is_valid() and self.form.cleaned_data.get("renews"))


class ProductFilter(django_filters.FilterSet):
    """SKU or name, and category."""

    q = django_filters.CharFilter(label=_("Search"), method="search", widget=forms.TextInput(SEARCH))
    category = django_filters.CharFilter(label=_("Category"), field_name="category", lookup_expr="exact")

    class Meta:
        model = Product
        fields: list[str] = []

    def search(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Any]:
        text = value.replace("\0", "").strip()
        return queryset.filter(Q(sku__startswith=text) | Q(name__icontains=text))
