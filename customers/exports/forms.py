"""What of a list is wanted."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.ports.exports import Criteria, Export


class CriteriaForm(forms.Form):
    """Days and, where a list offers one, a choice."""

    def __init__(self, data: Any, *, export: Export) -> None:
        super().__init__(data)
        if export.choices is not None:
            offered = list(export.choices())
            first = [] if export.is_choice_required else [("", _("All"))]
            self.fields["choice"] = forms.ChoiceField(
                label=export.choosing, choices=[*first, *offered], required=export.is_choice_required
            )
        if export.dated:
            for name, label in (("since", _("From")), ("until", _("To, included"))):
                self.fields[name] = forms.DateField(
                    label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text=export.dated
                )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", _("The end lies before the beginning."))
        return data

    def criteria(self) -> Criteria:
        data = self.cleaned_data
        return Criteria(data.get("since"), data.get("until"), data.get("choice", ""))
