"""Forms of the loyalty programme."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms import inlineformset_factory, modelformset_factory  # noqa: F401
from django.utils.translation import gettext_lazy as _

from config.kit.money import Money, NotAnAmount, exponent, parse_minor
from loyalty.enums import RewardKind, Rounding, TierMetric
from loyalty.models import EarningRule, Programme, Reward, Tier
from loyalty.rules.tiers import Level

MOST_POINTS = 1_000_000


class AmountField(forms.CharField):
    """An amount as people write it, kept in minor units of the form's currency."""

    def __init__(self, *, currency: str = "EUR", **options: Any) -> None:
        super().__init__(**options)
        self.currency = currency

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            minor = parse_minor(text, self.currency)
        except NotAnAmount as error:
            raise forms.ValidationError(str(error)) from error
        if not 0 <= minor < 2**31:
            raise forms.ValidationError(_("Write an amount from 0 to 20 million."))
        return minor

    def prepare_value(self, value: Any) -> Any:
        return f"{Money(value, self.currency).decimal:.{exponent(self.currency)}f}" if isinstance(value, int) else value


class GivePointsForm(forms.Form):
    """How many points, and why, in words that the member reads."""

    points = forms.IntegerField(label=_("Points"), min_value=1, max_value=MOST_POINTS)
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("Members read it in their history."))


class AdjustForm(forms.Form):
    """A correction by hand."""

    points = forms.IntegerField(
        label=_("Points"), help_text=_("Below zero takes points away."),
        validators=[MinValueValidator(-MOST_POINTS), MaxValueValidator(MOST_POINTS)],
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The member reads it, and the audit log keeps it.")
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if points == 0:
            raise forms.ValidationError(_("Write a number other than 0."))
        return points


class ProgrammeForm(forms.ModelForm):
    """How points are earned, kept and taken back, and how tiers are reached."""

    earn_points = forms.IntegerField(label=_("Points earned"), min_value=1, max_value=10_000)
    earn_per = AmountField(label=_("for every"), help_text=_("Spent on an order, net of discounts."))
    rounding = forms.ChoiceField(label=_("Rounding"), choices=Rounding.choices, help_text=_("Once per order."))
    uses_tier_multiplier = forms.BooleanField(
        label=_("Higher tiers earn more"), required=False, help_text=_("Multiplied by the factor of the tier.")
    )
    value_minor = AmountField(
        label=_("are worth"), required=False, help_text=_("For the liability on your books. Empty: not valued.")
    )

    class Meta:
        model = Programme
        fields = [
            "name", "points_name", "is_active", "starts_on", "currency", "rounding", "earn_points", "earn_per",
            "uses_tier_multiplier", "pending_days", "expires_at_month_end", "expiry_months", "value_points", "value_minor",
            "clawback", "tier_metric", "tier_window", "downgrade", "grace_days", "recheck_days",
        ]  # fmt: skip
        widgets = {"starts_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: Any, rule: EarningRule | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rule = rule or EarningRule()
        currency = (self.data.get("currency") if self.is_bound else "") or self.instance.currency
        for name in ("earn_per", "value_minor"):
            self.fields[name].currency = str(currency)[:3]  # type: ignore[attr-defined]
        self.initial = {
            **self.initial,
            "earn_points": self.rule.points, "earn_per": self.rule.per_minor, "rounding": self.rule.rounding,
            "uses_tier_multiplier": self.rule.uses_tier_multiplier,
        }  # fmt: skip

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].upper()
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise forms.ValidationError(_("Write a currency as three letters, such as GBP."))
        return code

    def clean_earn_per(self) -> int:
        amount: int | None = self.cleaned_data["earn_per"]
        if not amount:
            raise forms.ValidationError(_("Write an amount above 0."))
        return amount

    def clean_value_minor(self) -> int:
        return self.cleaned_data["value_minor"] or 0

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        months, waiting = data.get("expiry_months"), data.get("pending_days")
        if months and waiting is not None and waiting >= months * 28:
            self.add_error("pending_days", _("Points would end before they can be spent."))
        return data

    def save(self, commit: bool = True) -> Programme:
        programme: Programme = super().save(commit)
        data = self.cleaned_data
        self.rule.points, self.rule.per_minor = data["earn_points"], data["earn_per"]
        self.rule.rounding, self.rule.uses_tier_multiplier = data["rounding"], data["uses_tier_multiplier"]
        self.rule.is_active = True
        self.rule.save()
        return programme


class TierForm(forms.ModelForm):
    """One tier; the threshold is money or points, as the programme's metric says."""

    threshold = AmountField(label=_("From"))

    class Meta:
        model = Tier
        fields = ["name", "threshold", "multiplier_percent", "colour", "perks"]
        widgets = {"colour": forms.TextInput(attrs={"type": "color"}), "perks": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, programme: Programme, **options: Any) -> None:
        super().__init__(*args, **options)
        is_money = programme.tier_metric == TierMetric.NET_SPEND
        self.fields["threshold"].currency = programme.currency if is_money else "XOF"  # type: ignore[attr-defined]
        self.fields["threshold"].help_text = (
            _("Spent, in %(currency)s.") % {"currency": programme.currency} if is_money else _("Points.")
        )


class BaseTierFormSet(forms.BaseModelFormSet):
    """All tiers at once: thresholds differ, and the lowest begins at 0, so that every member has a tier."""

    def clean(self) -> None:
        super().clean()
        thresholds = [form.cleaned_data["threshold"] for form in self._filled()]
        if any(form.errors for form in self.forms):
            return
        if len(set(thresholds)) != len(thresholds):
            raise forms.ValidationError(_("Two tiers begin at the same threshold."))
        if thresholds and min(thresholds) != 0:
            raise forms.ValidationError(_("One tier has to begin at 0: it is everybody’s first."))

    def _filled(self) -> list[Any]:
        return [form for form in self.forms if (form.cleaned_data if hasattr(form, "cleaned_data") else {}).get("name")
                and form.cleaned_data.get("threshold") is not None]  # fmt: skip

    def levels(self) -> list[Level]:
        """The tiers as they would be, lowest first; a tier that does not exist yet has id 0."""
        made = [
            Level(form.instance.pk or 0, form.cleaned_data["name"], form.cleaned_data["threshold"])
            for form in self._filled()
        ]
        return sorted(made, key=lambda level: level.threshold)


TierFormSet = modelformset_factory(Tier, form=TierForm, formset=BaseTierFormSet, extra=1, max_num=8, validate_max=True)


class RewardForm(forms.ModelForm):
    """A reward of the catalogue."""

    class Meta:
        model = Reward
        fields = [
            "name", "description", "kind", "value", "cost", "min_tier", "stock", "per_member_limit", "code_prefix",
            "code_days", "is_active",
        ]  # fmt: skip
        help_texts = {
            "description": _("Members read it below the name."),
            "value": _("Amount off: in the smallest coin (500 is 5.00). Percentage off: 1 to 100. Free delivery: 0."),
        }

    def clean_code_prefix(self) -> str:
        prefix: str = self.cleaned_data["code_prefix"].upper()
        if prefix and not (prefix.isascii() and prefix.isalnum()):
            raise forms.ValidationError(_("Only letters and digits."))
        return prefix

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        kind, value = data.get("kind"), data.get("value") or 0
        if kind == RewardKind.PERCENT_OFF and not 1 <= value <= 100:
            self.add_error("value", _("Write a number from 1 to 100."))
        if kind == RewardKind.AMOUNT_OFF and value < 1:
            self.add_error("value", _("Write an amount above 0."))
        return data


SORTS = {
    "points": "active", "-points": "-active", "earned": "earned", "-earned": "-earned", "metric": "metric",
    "-metric": "-metric", "joined": "joined_at", "-joined": "-joined_at",
}  # fmt: skip


class MemberFilterForm(forms.Form):
    """Filters of the member list."""

    q = forms.CharField(label=_("Name or e-mail"), required=False, max_length=100)
    tier = forms.ModelChoiceField(label=_("Tier"), queryset=Tier.objects.all(), required=False, empty_label=_("Any"))
    has = forms.ChoiceField(
        label=_("Points"), required=False,
        choices=[("", _("Any")), ("active", _("To spend")), ("pending", _("Pending")), ("debt", _("Owing"))],
    )  # fmt: skip
