"""Forms of personas and of product usage."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Persona, Product, Segment, UsageRule

MAX_EVENTS = 50


class PersonaForm(forms.ModelForm):
    """A persona; members come from the segment."""

    class Meta:
        model = Persona
        fields = ["name", "description", "goals", "category", "segment"]
        widgets = {"goals": forms.Textarea(attrs={"rows": 4}), "category": forms.TextInput(attrs={"list": "categories"})}
        help_texts = {
            "description": _("Who they are, in a sentence."),
            "goals": _("What they want to get done, and what keeps them from it."),
            "category": _("When the persona belongs to one product category; empty means the whole company."),
            "segment": _("Who is in the segment fits the persona. The rules must not ask for the persona itself."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segment = self.fields["segment"]
        assert isinstance(segment, forms.ModelChoiceField)
        segment.queryset = Segment.objects.order_by("name")
        segment.empty_label = str(_("No segment: nobody yet"))

    def categories(self) -> list[str]:
        """Categories of products, to choose from."""
        found = Product.objects.exclude(category="").order_by("category").values_list("category", flat=True)
        return list(found.distinct()[:300])


class UsageForm(forms.ModelForm):
    """Window and thresholds; the events are checkboxes of the page."""

    class Meta:
        model = UsageRule
        fields = ["window_days", "low_from", "medium_from", "high_from"]
        labels = {
            "window_days": _("Look at the last … days"),
            "low_from": _("Low from … active days"),
            "medium_from": _("Medium from"),
            "high_from": _("High from"),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        low, medium, high = (values.get(name) for name in ("low_from", "medium_from", "high_from"))
        window = values.get("window_days")
        if window is not None and not 1 <= window <= 366:
            self.add_error("window_days", _("Between 1 and 366 days."))
        if low is not None and low < 1:
            self.add_error("low_from", _("At least one day."))
        if low is not None and medium is not None and medium <= low:
            self.add_error("medium_from", _("More days than for low."))
        if medium is not None and high is not None and high <= medium:
            self.add_error("high_from", _("More days than for medium."))
        if high is not None and window is not None and high > window >= 1:
            self.add_error("high_from", _("The window has only %(days)d days.") % {"days": window})
        return values
