"""Filters of the customer list."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ConsentState, Market, Stage
from customers.models import Consent, Customer, Segment
from customers.queries import search
from customers.rules import countries


def _countries() -> list[tuple[str, str]]:
    return sorted(countries.NAMES.items(), key=lambda item: item[1])


def _midnight(day: date) -> datetime:
    """The beginning of a day in the account's time zone; days that no calendar of ours reaches become its ends."""
    day = min(max(day, date(1900, 1, 1)), date(2200, 1, 1))
    return datetime.combine(day, time.min, timezone.get_current_timezone())


class CustomerFilter(django_filters.FilterSet):
    """Search in one box, and the filters beside it."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail, phone or any id")}),
    )
    country = django_filters.ChoiceFilter(label=_("Country"), choices=_countries, empty_label=_("All"))
    stage = django_filters.ChoiceFilter(label=_("Stage"), choices=Stage.choices, empty_label=_("All"))
    segment = django_filters.ModelChoiceFilter(
        label=_("Segment"), queryset=Segment.objects.order_by("name"), method="in_segment", empty_label=_("All")
    )
    plan = django_filters.CharFilter(label=_("Plan"), method="on_plan")
    market = django_filters.ChoiceFilter(label=_("Market"), choices=Market.choices, empty_label=_("All"))
    consent = django_filters.ChoiceFilter(
        label=_("E-mail consent"),
        method="has_agreed",
        choices=[("yes", _("Agreed to a topic")), ("no", _("Agreed to none"))],
        empty_label=_("All"),
    )
    ordered = django_filters.ChoiceFilter(
        label=_("Orders"),
        method="has_ordered",
        choices=[("yes", _("Has ordered")), ("no", _("Never ordered"))],
        empty_label=_("All"),
    )
    since = django_filters.DateFilter(
        label=_("Came on or after"),
        method="from_day",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        label=_("Came on or before"),
        method="until_day",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def search(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Beginnings of words in any order, or an id: `customers.queries.search`."""
        return queryset.filter(search.matching(value)) if value.strip() else queryset

    def in_segment(self, queryset: QuerySet[Customer], name: str, value: Segment) -> QuerySet[Customer]:
        return queryset.filter(memberships__segment=value)

    def from_day(self, queryset: QuerySet[Customer], name: str, value: date) -> QuerySet[Customer]:
        """By moments and not by `date(created_at)`, which no index holds."""
        return queryset.filter(created_at__gte=_midnight(value))

    def until_day(self, queryset: QuerySet[Customer], name: str, value: date) -> QuerySet[Customer]:
        return queryset.filter(created_at__lt=_midnight(value) + timedelta(days=1))

    def on_plan(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """The plan as written, or in the usual mixes of capitals: an index finds those, and no comparison without case."""
        return queryset.filter(plan__in={value, value.lower(), value.upper(), value.capitalize(), value.title()})

    def has_agreed(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        agreed = Exists(
            Consent.objects.filter(customer=OuterRef("pk"), channel=Channel.EMAIL, state=ConsentState.GRANTED).order_by()
        )
        return queryset.filter(agreed if value == "yes" else ~agreed)

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
