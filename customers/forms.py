"""Forms of the customer and settings pages."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ConsentState
from customers.imports.rules import formats, values
from customers.imports.rules.values import BadValue
from customers.models import Brand, Customer, Topic
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
            "timezone": _("Such as Europe/London; empty means that of the account."),
            "currency": _("Three letters, such as GBP."),
            "external_id": _("The id of this customer in your shop; imports find the customer by it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = sorted(countries.NAMES.items(), key=lambda item: item[1])
        self.fields["country"].choices = [("", "–"), *listed]  # type: ignore[attr-defined]
        self.attribute_names = sorted(self.instance.attributes) if self.instance.pk else []
        for position, name in enumerate(self.attribute_names):
            self.fields[f"attribute_{position}"] = forms.CharField(
                label=name, required=False, max_length=1000, initial=_shown(self.instance.attributes[name])
            )
        for position in range(NEW_ATTRIBUTES):
            self.fields[f"new_name_{position}"] = forms.CharField(label=_("New attribute"), required=False, max_length=60)
            self.fields[f"new_value_{position}"] = forms.CharField(label=_("Value"), required=False, max_length=1000)

    def profile_fields(self) -> list[Any]:
        return [self[name] for name in self.Meta.fields]

    def attribute_fields(self) -> list[Any]:
        return [self[f"attribute_{position}"] for position in range(len(self.attribute_names))]

    def new_attribute_fields(self) -> list[Any]:
        return [self[f"new_{part}_{position}"] for position in range(NEW_ATTRIBUTES) for part in ("name", "value")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, parse in PARSED.items():
            if data.get(name):
                data[name] = self._parsed(name, parse, data[name])
        if data.get("phone"):
            country = data.get("country") or ""
            data["phone"] = self._parsed("phone", lambda cell: values.phone(cell, country), data["phone"])
        data["external_id"] = data.get("external_id") or None
        if not data.get("email") and not data["external_id"] and not self.errors:
            self.add_error("email", _("Fill in an e-mail or an external id."))
        return data

    def _parsed(self, name: str, parse: Any, text: str) -> str:
        try:
            return str(parse(text.strip()))
        except BadValue as error:
            self.add_error(name, _("“%(text)s” %(reason)s.") % {"text": text[:60], "reason": error})
            return text

    def changes(self) -> dict[str, Any]:
        """Field values to write, attributes merged: an emptied one is removed."""
        found = {name: self.cleaned_data[name] for name in self.Meta.fields}
        attributes = {}
        for position, name in enumerate(self.attribute_names):
            text = self.cleaned_data[f"attribute_{position}"].strip()
            before = self.instance.attributes[name]
            if text:
                attributes[name] = before if text == _shown(before) else _typed(text, before)
        for position in range(NEW_ATTRIBUTES):
            name = formats.attribute_name(self.cleaned_data[f"new_name_{position}"])
            text = self.cleaned_data[f"new_value_{position}"].strip()
            if name and text:
                attributes[name] = text
        return found | {"attributes": attributes}


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _typed(text: str, before: Any) -> Any:
    kind = "boolean" if isinstance(before, bool) else "number" if isinstance(before, int | float) else "text"
    try:
        return values.attribute(kind, text)
    except BadValue:
        return text


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


class TopicForm(forms.ModelForm):
    """A topic; the short name follows from the name unless it is given, and stays once the topic exists."""

    class Meta:
        model = Topic
        fields = ["name", "slug", "description", "is_default"]
        help_texts = {
            "slug": _("Used in events and imports; it cannot be changed later."),
            "is_default": _("Offered first wherever a topic is chosen."),
            "description": _("Customers read it on their preferences page."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["slug"].disabled = True
        else:
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("slug"):
            data["slug"] = slugify(data.get("name", ""))[:50]
            if not data["slug"]:
                self.add_error("slug", _("Give a short name of letters a to z and digits."))
            elif Topic.objects.filter(slug=data["slug"]).exclude(pk=self.instance.pk).exists():
                self.add_error("slug", _("Another topic has this short name; choose one yourself."))
        return data
