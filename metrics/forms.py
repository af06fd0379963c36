"""The period picker."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.rules.periods import LONGEST, Period, named

CHOICES = [("28d", _("28 days")), ("90d", _("90 days")), ("12m", _("12 months")), ("custom", _("From and to"))]


class PeriodForm(forms.Form):
    """`?period=28d`, or `?period=custom&from=…&to=…`. Anything wrong falls back to 28 days, with the error shown."""

    period = forms.ChoiceField(label=_("Period"), choices=CHOICES, required=False)
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: Any, *, yesterday: date) -> None:
        filled = {"period": data.get("period") or "28d", "first": data.get("first"), "last": data.get("last")}
        super().__init__(filled)
        self.yesterday = yesterday

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if found.get("period") == "custom" and not self.errors:
            if not first or not last:
                raise forms.ValidationError(_("Choose both days."))
            if first > last:
                raise forms.ValidationError(_("The first day must come before the last."))
            if (last - first).days >= LONGEST or first.year < 1990:
                raise forms.ValidationError(_("Choose ten years at most."))
        return found

    @property
    def chosen(self) -> Period:
        """The period to show; it ends yesterday at the latest, because today is not over."""
        if self.is_valid() and self.cleaned_data["period"] == "custom":
            last = min(self.cleaned_data["last"], self.yesterday)
            return Period(min(self.cleaned_data["first"], last), last)
        name = self.cleaned_data.get("period") or "28d" if self.is_valid() else "28d"
        return named(name, last=self.yesterday)

    @property
    def query(self) -> str:
        """The choice as a query string, for links that keep it."""
        if self.is_valid() and self.cleaned_data["period"] == "custom":
            return f"period=custom&first={self.cleaned_data['first']}&last={self.cleaned_data['last']}"
        return f"period={self.cleaned_data.get('period') or '28d'}" if self.is_valid() else "period=28d"

    @staticmethod
    def of(data: Any, *, today: date) -> "PeriodForm":
        return PeriodForm(data, yesterday=today - timedelta(days=1))
