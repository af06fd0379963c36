"""Forms of consent: topics, sign-up forms and the suppression list for staff, the sign-up itself for everybody."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from customers.consents.actions import suppressions
from customers.enums import Channel
from customers.imports.rules.values import BadValue
from customers.imports.rules.values import email as parsed_email
from customers.models import SignupForm, Topic

OFFERED = [Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.INBOX]


def topics_offered() -> Any:
    """Topics that are not archived, in their order."""
    return Topic.objects.filter(archived_at=None).order_by("position", "name")


class TopicForm(forms.ModelForm):
    """A topic; the short name follows from the name unless it is given, and stays once the topic exists."""

    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=[(channel.value, channel.label) for channel in OFFERED],
        widget=forms.CheckboxSelectMultiple,
        initial=[Channel.EMAIL.value],
        help_text=_("On which ways customers can choose it."),
    )

    class Meta:
        model = Topic
        fields = ["name", "slug", "description", "wording", "channels", "position", "is_default"]
        widgets = {"wording": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "slug": _("Used in events and imports; it cannot be changed later."),
            "is_default": _("Offered first wherever a topic is chosen."),
            "description": _("Customers read it on their preferences page."),
            "wording": _(
                "What people agree to, in their words. A change makes a new version; every consent keeps its own."
            ),
            "position": _("Lower numbers stand first."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["slug"].disabled = True
        else:
            self.fields["slug"].required = False
        self.fields["position"].required = False

    def clean_position(self) -> int:
        value = self.cleaned_data.get("position")
        return 100 if value is None else int(value)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("slug"):
            data["slug"] = slugify(data.get("name", ""))[:50]
            if not data["slug"]:
                self.add_error("slug", _("Give a short name of letters a to z and digits."))
            elif Topic.objects.filter(slug=data["slug"]).exclude(pk=self.instance.pk).exists():
                self.add_error("slug", _("Another topic has this short name; choose one yourself."))
        return data


class SignupFormForm(forms.ModelForm):
    """What staff decide about a sign-up form."""

    class Meta:
        model = SignupForm
        fields = ["name", "headline", "text", "topics", "wording", "is_double", "asks_name", "is_active"]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "wording": forms.Textarea(attrs={"rows": 3}),
            "topics": forms.CheckboxSelectMultiple,
        }
        labels = {"is_double": _("Confirm by e-mail (double opt-in)")}
        help_texts = {
            "name": _("For you; it stands in the proof of each consent."),
            "wording": _("What people agree to. It is kept with every consent, word for word."),
            "topics": _("With several topics people choose; nothing is ticked for them."),
            "is_double": _("Without it anybody can sign up anybody's address. Several countries ask for it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics: Any = self.fields["topics"]
        topics.queryset = topics_offered()


class SuppressForm(forms.Form):
    """Addresses to block: typed, or in a file."""

    channel = forms.ChoiceField(
        label=_("Channel"), choices=[(Channel.EMAIL.value, _("E-mail")), (Channel.SMS.value, _("SMS"))], initial="email"
    )
    addresses = forms.CharField(
        label=_("Addresses"), widget=forms.Textarea(attrs={"rows": 4}), required=False, max_length=100_000,
        help_text=_("One on each line. Phone numbers with country code, such as +44 20 7946 0018."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("Or a CSV file"), required=False, help_text=_("Addresses in a column “email” or “phone”, or in the first.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        upload = data.get("file")
        if upload and upload.size > suppressions.LARGEST_FILE:
            self.add_error("file", _("The file is larger than 5 MB; split it."))
            return data
        text = data.get("addresses", "")
        if upload:
            raw = upload.read()
            try:
                text = f"{raw.decode('utf-8-sig')}" if not text else f"{text}\n{raw.decode('utf-8-sig')}"
            except UnicodeDecodeError:
                text = f"{text}\n{raw.decode('latin-1')}" if text else raw.decode("latin-1")
        if not text.strip() and not self.errors:
            self.add_error("addresses", _("Type an address or choose a file."))
        try:
            data["found"], data["bad"] = suppressions.read(text, channel=data.get("channel", Channel.EMAIL))
        except suppressions.Unreadable:
            self.add_error("file" if upload else "addresses", _("This is not a list of addresses or a CSV file."))
        return data


class SignUp(forms.Form):
    """The public form; `topics` only when there is a choice."""

    email = forms.CharField(
        label=_("E-mail"), max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={"required": _("Fill in your e-mail address.")},
    )  # fmt: skip
    first_name = forms.CharField(
        label=_("First name"), max_length=120, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )  # fmt: skip
    last_name = forms.CharField(
        label=_("Last name"), max_length=120, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )  # fmt: skip

    def __init__(self, *args: Any, form: SignupForm, topics: list[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = topics
        if not form.asks_name:
            del self.fields["first_name"], self.fields["last_name"]
        if len(topics) > 1:
            self.fields["topic"] = forms.MultipleChoiceField(
                label=_("What do you want to get?"), choices=[(str(topic.pk), topic.name) for topic in topics],
                widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Choose at least one.")},
            )  # fmt: skip

    def clean_email(self) -> str:
        try:
            return parsed_email(self.cleaned_data["email"].strip())
        except BadValue:
            raise forms.ValidationError(_("This is not an e-mail address.")) from None

    def clean_first_name(self) -> str:
        return _name(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        return _name(self.cleaned_data["last_name"])

    def chosen(self) -> list[Topic]:
        """The topics that were chosen, or the only one."""
        if "topic" not in self.fields:
            return self.offered
        wanted = set(self.cleaned_data["topic"])
        return [topic for topic in self.offered if str(topic.pk) in wanted]


def _name(text: str) -> str:
    """A name without line breaks; a web address in it is a spammer's, who wants us to mail it to strangers."""
    plain = " ".join(text.split())
    return "" if "://" in plain or "www." in plain.lower() else plain
