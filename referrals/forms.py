"""Forms of referrals."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kit.money import Money, NotAnAmount, parse_minor
from referrals.enums import ReferralState
from referrals.models import Programme
from referrals.rules import emails


class ClaimForm(forms.Form):
    """A friend's address."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def clean_email(self) -> str:
        address: str = self.cleaned_data["email"]
        if not emails.normalise(address):
            raise forms.ValidationError(_("Please write an e-mail address like anna@example.com."))
        return address


class ProgrammeForm(forms.ModelForm):
    """The terms; the smallest order is written in the currency's own units."""

    minimum_order = forms.CharField(
        label=_("Smallest first order"), max_length=20, help_text=_("Net of discounts, such as 25.00. 0 for any order.")
    )

    class Meta:
        model = Programme
        fields = [
            "name", "headline", "description", "advocate_points", "friend_points", "window_days", "hold_days", "yearly_cap",
            "terms", "is_active",
        ]  # fmt: skip
        help_texts = {
            "headline": _("Both sides see it: “Give 500 points, get 500 points”."),
            "window_days": _("1 to 365. A friend who orders later earns nothing."),
            "hold_days": _("0 to 120. Rewards wait until the order can no longer be sent back."),
            "yearly_cap": _("More friends count, but earn the member nothing."),
            "is_active": _("One programme at a time: an active one replaces the one before."),
        }

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([*self.Meta.fields[:5], "minimum_order"])
        self.currency = self.instance.currency or currency
        self.fields["minimum_order"].label = _("Smallest first order (%s)") % self.currency
        self.initial["minimum_order"] = str(Money(self.instance.minimum_order_minor or 0, self.currency).decimal)

    def clean_minimum_order(self) -> int:
        try:
            amount = parse_minor(self.cleaned_data["minimum_order"], self.currency)
        except NotAnAmount as error:
            raise forms.ValidationError(_("Write an amount like 25.00.")) from error
        if amount < 0:
            raise forms.ValidationError(_("An order is never below zero."))
        return amount

    def clean_window_days(self) -> int:
        return self._within("window_days", 1, 365)

    def clean_hold_days(self) -> int:
        return self._within("hold_days", 0, 120)

    def clean_advocate_points(self) -> int:
        return self._within("advocate_points", 0, 1_000_000)

    def clean_friend_points(self) -> int:
        return self._within("friend_points", 0, 1_000_000)

    def clean_yearly_cap(self) -> int:
        return self._within("yearly_cap", 1, 10_000)

    def _within(self, name: str, low: int, high: int) -> int:
        value: int = self.cleaned_data[name]
        if not low <= value <= high:
            raise forms.ValidationError(_("Write a number from %(low)s to %(high)s.") % {"low": low, "high": high})
        return value

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.instance.minimum_order_minor = self.cleaned_data.get("minimum_order", 0)
        self.instance.currency = self.currency


class DecisionForm(forms.Form):
    """Approve or void, and why."""

    decision = forms.ChoiceField(choices=[("approve", _("Approve")), ("void", _("Void"))])
    note = forms.CharField(
        label=_("Note"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Kept with the decision.")
    )


class ReferralFilterForm(forms.Form):
    """Narrowing the list."""

    state = forms.ChoiceField(required=False, label=_("State"), choices=[("", _("All")), *ReferralState.choices])
    text = forms.CharField(required=False, max_length=100, label=_("Code, order or e-mail"))
