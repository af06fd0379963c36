"""Forms of this package."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from customers.ports import retention
from customers.privacy.actions import requests


class TypedNumber(forms.Form):
    """The customer's number typed once more: what follows cannot be undone, or moves a lot."""

    number = forms.CharField(
        label=_("Type the customer's number"), widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"})
    )

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = str(number)
        self.fields["number"].help_text = _("Type %(number)s to confirm.") % {"number": number}

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"]).strip().lstrip("#")
        if typed != self.expected:
            raise forms.ValidationError(_("This is not the number of the customer."))
        return typed


class RetentionForm(forms.Form):
    """Days for every kind of data; empty means for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for policy in retention.all():
            least = policy.least_days
            self.fields[policy.key] = forms.IntegerField(
                label=policy.label, required=policy.is_required, help_text=policy.stays,
                validators=[MinValueValidator(least), MaxValueValidator(36_500)],
                widget=forms.NumberInput(attrs={"min": least, "max": 36_500}),
            )  # fmt: skip
        for key, label in (
            ("erasure.by_customer", _("Days before an erasure asked for by the customer is carried out")),
            ("erasure.by_staff", _("Days before an erasure asked for by staff is carried out")),
        ):
            self.fields[key] = forms.IntegerField(
                label=label, validators=[MinValueValidator(0), MaxValueValidator(30)], initial=requests.WAITING[key],
                help_text=_("0 to 30. Until then it can be called off."),
                widget=forms.NumberInput(attrs={"min": 0, "max": 30}),
            )  # fmt: skip
