"""Filters of lists."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.enums import CampaignState, MessageState, Reason, SourceKind
from campaigns.models import Campaign, Message


class CampaignFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Name"))
    state = django_filters.ChoiceFilter(choices=CampaignState.choices, label=_("State"), empty_label=_("Any"))

    class Meta:
        model = Campaign
        fields = ["q", "state"]


class MessageFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="find", label=_("E-mail or name"))
    state = django_filters.ChoiceFilter(choices=MessageState.choices, label=_("State"), empty_label=_("Any"))
    reason = django_filters.ChoiceFilter(
        choices=[choice for choice in Reason.choices if choice[0]], label=_("Reason"), empty_label=_("Any")
    )
    source_kind = django_filters.ChoiceFilter(choices=SourceKind.choices, label=_("Sent by"), empty_label=_("Any"))
    source_id = django_filters.NumberFilter(widget=forms.HiddenInput)

    class Meta:
        model = Message
        fields = ["q", "state", "reason", "source_kind", "source_id"]

    def find(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        value = value.strip()
        if "@" in value:
            return queryset.filter(customer__email__iexact=value)
        return queryset.filter(customer__first_name__istartswith=value) | queryset.filter(
            customer__last_name__istartswith=value
        )
