"""Filters of the customer list."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from customers.enums import Stage
from customers.models import Customer, Segment
from customers.rules import countries


def _countries() -> list[tuple[str, str]]:
    return sorted(countries.NAMES.items(), key=lambda item: item[1])


class CustomerFilter(django_filters.FilterSet):
    """Search in one box, and the filters beside it."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail or external id")}),
    )
    country = django_filters.ChoiceFilter(label=_("Country"), choices=_countries, empty_label=_("All"))
    stage = django_filters.ChoiceFilter(label=_("Stage"), choices=Stage.choices, empty_label=_("All"))
    segment = django_filters.ModelChoiceFilter(
        label=_("Segment"), queryset=Segment.objects.order_by("name"), method="in_segment", empty_label=_("All")
    )
    plan = django_filters.CharFilter(label=_("Plan"), field_name="plan", lookup_expr="iexact")
    ordered = django_filters.ChoiceFilter(
        label=_("Orders"),
        method="has_ordered",
        choices=[("yes", _("Has ordered")), ("no", _("Never ordered"))],
        empty_label=_("All"),
    )
    since = django_filters.DateFilter(
        label=_("Came on or after"),
        field_name="created_at",
        lookup_expr="date__gte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        label=_("Came on or before"),
        field_name="created_at",
        lookup_expr="date__lte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def search(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Words as beginnings of first or last name or company, or the whole as beginning of e-mail or external id."""
        whole = value.replace("\0", "").strip()
        words = whole.lower().split()[:4]
        if not words:
            return queryset
        queryset = queryset.alias(
            first=Lower("first_name"), last=Lower("last_name"), firm=Lower("company"), reference=Lower("external_id")
        )
        named = Q()
        for word in words:
            named &= Q(first__startswith=word) | Q(last__startswith=word)
        text = whole.lower()
        found = named | Q(email__startswith=text) | Q(reference__startswith=text) | Q(firm__startswith=text)
        return queryset.filter(found)

    def in_segment(self, queryset: QuerySet[Customer], name: str, value: Segment) -> QuerySet[Customer]:
        return queryset.filter(memberships__segment=value)

    def has_ordered(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        ordered = Q(facts__first_order_at__isnull=False)
        return queryset.filter(ordered) if value == "yes" else queryset.exclude(ordered)

    def described(self) -> dict[str, Any]:
        """The filters in use by name, for the audit log."""
        return (
            {name: str(value) for name, value in self.form.cleaned_data.items() if value not in (None, "")}
            if self.is_valid()
            else {}
        )
