"""Forms of the customer and settings pages."""

import json
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kit.money import Money
from customers.enums import Channel, ConsentState
from customers.imports.rules import formats, values
from customers.imports.rules.values import BadValue
from customers.models import Brand, Customer, Topic
from customers.queries import brand as queries_brand
from customers.rules import countries

PARSED = {
    "email": values.email,
    "locale": values.locale,
    "timezone": values.timezone,
    "currency": values.currency,
}
NEW_ATTRIBUTES = 2


class CustomerForm(forms.ModelForm):
    """A customer's profile, attributes included: one field per attribute that is there, and room for new ones."""

    country = forms.ChoiceField(label=_("Country"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), required=False, help_text=_("Empty means that of the account."))
    acquisition_cost = forms.CharField(
        label=_("Acquisition cost"), required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )

    class Meta:
        model = Customer
        fields = [
            "first_name", "last_name", "email", "phone", "external_id", "company", "country", "city", "locale", "timezone",
            "currency", "market", "industry", "persona", "plan", "stage", "acquisition_channel", "acquired_on", "born_on",
            "renews_on",
        ]  # fmt: skip
        widgets = {
            name: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            for name in ("acquired_on", "born_on", "renews_on")
        }
        help_texts = {
            "phone": _("With country code, such as +44 20 7946 0018."),
            "locale": _("Such as en or de-AT."),
            "currency": _("Three letters, such as GBP."),
            "external_id": _("The id of this customer in your shop; imports find the customer by it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = sorted(countries.NAMES.items(), key=lambda item: item[1])
        self.fields["country"].choices = [("", "–"), *listed]  # type: ignore[attr-defined]
        zones = {zone for zone in available_timezones() if "/" in zone or zone == "UTC"} | {self.instance.timezone or "UTC"}
        self.fields["timezone"].choices = [("", "–"), *((zone, zone) for zone in sorted(zones))]  # type: ignore[attr-defined]
        self.money = queries_brand.current().currency
        self.fields["acquisition_cost"].help_text = _("In %(currency)s.") % {"currency": self.money}
        if self.instance.acquisition_cost_minor is not None:
            self.fields["acquisition_cost"].initial = Money(self.instance.acquisition_cost_minor, self.money).decimal
        self.before_email = self.instance.email
        self.attribute_names = sorted(self.instance.attributes) if self.instance.pk else []
        for position, name in enumerate(self.attribute_names):
            self.fields[f"attribute_{position}"] = _attribute_field(name, self.instance.attributes[name])
        for position in range(NEW_ATTRIBUTES):
            self.fields[f"new_name_{position}"] = forms.CharField(label=_("New attribute"), required=False, max_length=60)
            self.fields[f"new_type_{position}"] = forms.ChoiceField(label=_("Type"), required=False, choices=NEW_TYPES)
            self.fields[f"new_value_{position}"] = forms.CharField(label=_("Value"), required=False, max_length=1000)

    def profile_fields(self) -> list[Any]:
        return [self[name] for name in [*self.Meta.fields, "acquisition_cost"]]

    def attribute_fields(self) -> list[Any]:
        return [self[f"attribute_{position}"] for position in range(len(self.attribute_names))]

    def new_attribute_fields(self) -> list[Any]:
        return [self[f"new_{part}_{position}"] for position in range(NEW_ATTRIBUTES) for part in ("name", "type", "value")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, parse in PARSED.items():
            if data.get(name):
                data[name] = self._parsed(name, parse, data[name])
        if data.get("phone"):
            country = data.get("country") or ""
            data["phone"] = self._parsed("phone", lambda cell: values.phone(cell, country), data["phone"])
        data["external_id"] = data.get("external_id") or None
        data["acquisition_cost_minor"] = self._cost(data.get("acquisition_cost", ""))
        self._clean_attributes(data)
        if not data.get("email") and not data["external_id"] and not self.errors:
            self.add_error("email", _("Fill in an e-mail or an external id."))
        return data

    def _parsed(self, name: str, parse: Any, text: str) -> str:
        try:
            return str(parse(text.strip()))
        except BadValue as error:
            self.add_error(name, _("“%(text)s” %(reason)s.") % {"text": text[:60], "reason": error})
            return text

    def _cost(self, text: str) -> int | None:
        try:
            return values.minor(values.amount(text.strip()), self.money) if text.strip() else None
        except BadValue as error:
            self.add_error("acquisition_cost", _("“%(text)s” %(reason)s.") % {"text": text[:60], "reason": error})
            return None

    def _clean_attributes(self, data: dict[str, Any]) -> None:
        """Values in the type that each attribute has; a new one in the type that was chosen for it."""
        self.attributes: dict[str, Any] = {}
        for position, name in enumerate(self.attribute_names):
            field = f"attribute_{position}"
            text, before = str(data.get(field, "")).strip(), self.instance.attributes[name]
            if text:
                self.attributes[name] = before if text == _shown(before) else self._typed(field, _kind(before), text)
        for position in range(NEW_ATTRIBUTES):
            name = formats.attribute_name(data.get(f"new_name_{position}", ""))
            text = data.get(f"new_value_{position}", "").strip()
            kind = data.get(f"new_type_{position}") or "text"
            if name and text:
                self.attributes[name] = self._typed(f"new_value_{position}", kind, text)

    def _typed(self, field: str, kind: str, text: str) -> Any:
        try:
            if kind == "json":
                return json.loads(text)
            return values.attribute(kind, text)
        except (BadValue, ValueError, RecursionError):
            self.add_error(field, WRONG_TYPE[kind])
            return text

    def twins(self) -> list[Customer]:
        """Other customers with the e-mail that was typed, at most five; asked when it is new to this customer."""
        email = self.cleaned_data.get("email", "")
        if not email or email == self.before_email:
            return []
        return list(Customer.objects.filter(email=email).exclude(pk=self.instance.pk).order_by("pk")[:5])

    def changes(self) -> dict[str, Any]:
        """Field values to write, attributes merged: an emptied one is removed."""
        names = [*self.Meta.fields, "acquisition_cost_minor"]
        return {name: self.cleaned_data[name] for name in names} | {"attributes": self.attributes}


NEW_TYPES = [("text", _("Text")), ("number", _("Number")), ("boolean", _("Yes or no")), ("date", _("Date"))]
WRONG_TYPE = {
    "number": _("This attribute holds numbers: write one such as 12 or 3.5."),
    "boolean": _("This attribute holds yes or no: write one of them."),
    "date": _("This attribute holds dates: write one such as 2026-03-16."),
    "json": _("This attribute holds a list or an object: keep it valid JSON."),
    "text": _("This text cannot be kept."),
}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "json" if isinstance(value, list | dict) else "text"


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _attribute_field(name: str, value: Any) -> forms.Field:
    """An input that fits the type of an attribute's present value; long texts and lists get room."""
    kind, text = _kind(value), _shown(value)
    if kind == "boolean":
        choices = [("", "–"), ("yes", _("Yes")), ("no", _("No"))]
        return forms.ChoiceField(label=name, required=False, choices=choices, initial=text)
    widget: forms.Widget = forms.TextInput(attrs={"inputmode": "decimal"} if kind == "number" else {})
    if kind == "json" or len(text) > 100 or "\n" in text:
        widget = forms.Textarea(attrs={"rows": 4})
    return forms.CharField(label=name, required=False, max_length=20_000, initial=text, widget=widget)


class ConsentForm(forms.Form):
    """Staff record what a customer said, and how."""

    topic = forms.ModelChoiceField(label=_("Topic"), queryset=Topic.objects.order_by("name"))
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    state = forms.ChoiceField(label=_("Answer"), choices=ConsentState.choices)
    source = forms.CharField(
        label=_("Where they said it"), max_length=50, help_text=_("Such as phone call, shop or letter.")
    )
    wording = forms.CharField(
        label=_("What they agreed to or refused, in words"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )


class BrandForm(forms.ModelForm):
    """The brand; time zone and currency are checked, for every report stands on them."""

    timezone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Days of reports and the times of imported rows are those of this zone.")
    )

    class Meta:
        model = Brand
        fields = [
            "name", "website", "colour", "sender_name", "sender_email", "reply_to", "postal_address", "timezone",
            "currency",
            "locale",
        ]  # fmt: skip
        widgets = {
            "colour": forms.TextInput(attrs={"type": "color"}),
            "postal_address": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "postal_address": _("Stands at the foot of every marketing e-mail; the law of most countries asks for it."),
            "currency": _("Three letters, such as GBP. All amounts of this account are in it."),
            "sender_email": _("An address of a domain that your mail server may send for."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
        self.fields["timezone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        try:
            return values.currency(self.cleaned_data["currency"].strip())
        except BadValue as error:
            raise forms.ValidationError(str(error)) from None

    def clean_locale(self) -> str:
        try:
            return values.locale(self.cleaned_data["locale"].strip())
        except BadValue as error:
            raise forms.ValidationError(str(error)) from None
