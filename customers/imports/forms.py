"""Forms of the import pages."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ImportKind
from customers.imports.actions import run
from customers.imports.adapters.csv_files import DELIMITERS, ENCODINGS
from customers.imports.rules import columns, formats
from customers.imports.rules.systems import System
from customers.models import Topic

MAX_BYTES = 1 << 30
STATUSES = [
    ("", _("Not known: nobody is granted consent")),
    ("subscribed", _("Subscribed")),
    ("unsubscribed", _("Unsubscribed")),
    ("cleaned", _("Cleaned: their addresses bounced")),
    ("nonsubscribed", _("Non-subscribed: they never agreed")),
]


class UploadForm(forms.Form):
    """What the file holds, and the file."""

    kind = forms.ChoiceField(label=_("What is in the file?"), choices=ImportKind.choices, initial=ImportKind.CUSTOMERS)
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Comma, semicolon or tab; any common encoding. The first line holds the column names."),
        error_messages={"empty": _("The file is empty. Export it again, with a header line and at least one row.")},
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(kind.value, kind.label) for kind in run.kinds()]
        self.fields["kind"].choices = offered  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 GB. Split it into several files."))
        return file


class MappingForm(forms.Form):
    """Which column is what, how the file is written, and whether consent is stated."""

    encoding = forms.ChoiceField(
        label=_("Characters"), choices=list(ENCODINGS.items()), help_text=_("Change it when letters below look wrong.")
    )
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), choices=list(DELIMITERS.items()))

    def __init__(
        self, data: Any, *, kind: str, header: Sequence[str], mapping: dict[int, str], system: System | None = None,
        status: str = "", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data, **kwargs)
        self.kind, self.header, self.system = kind, header, system
        choices = _choices(kind)
        for position, title in enumerate(header):
            self.fields[f"column_{position}"] = forms.ChoiceField(
                label=title or f"#{position + 1}",
                choices=choices,
                required=False,
                initial=_choice(mapping.get(position, "")),
            )
        self.has_answers = False
        if kind == ImportKind.CUSTOMERS:
            groups = {column.key: column.group for column in columns.FORMATS[kind]}
            self.has_answers = bool(status) or any(groups.get(target) == "consent" for target in mapping.values())
            self._add_consent()
            if self.has_answers:
                self._add_answers(status)

    def _add_consent(self) -> None:
        self.fields["topic"] = forms.ModelChoiceField(
            label=_("Consent to record"),
            queryset=Topic.objects.order_by("name"),
            required=False,
            empty_label=_("None: people in this file get no marketing until they ask for it"),
        )
        self.fields["channel"] = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, required=False)
        self.fields["wording"] = forms.CharField(
            label=_("Proof"),
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_(
                "When and how these people agreed, and to which words. It is kept with each person. "
                "Nobody who said no before is changed."
            ),
        )

    def _add_answers(self, status: str) -> None:
        self.fields["answers_topic"] = forms.ModelChoiceField(
            label=_("Answers in this file count for"),
            queryset=Topic.objects.order_by("-is_default", "name"),
            required=False,
            empty_label=_("No topic: only blocks (bounced, reported as spam) are taken"),
            initial=Topic.objects.filter(is_default=True).order_by("id").first(),
            help_text=_(
                "Each answer is kept with its time and the words of the file as proof. Unknown words are no answer, and a "
                "later answer of the person stays."
            ),
        )
        if self.system and self.system.name == "Mailchimp":
            self.fields["status"] = forms.ChoiceField(
                label=_("The contacts of this file are"), choices=STATUSES, required=False, initial=status
            )
        self.fields["answers_wording"] = forms.CharField(
            label=_("Words they agreed to"),
            required=False,
            max_length=1500,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("The text beside the tick box of your old sign-up form, if you have it. It is kept as proof too."),
        )

    def columns(self) -> list[Any]:
        """The bound fields of the file's columns, in their order."""
        return [self[f"column_{position}"] for position in range(len(self.header))]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for problem in formats.mapping_problems(self.kind, self.mapping()):
            self.add_error(None, problem)
        if data.get("topic") and not data.get("wording", "").strip():
            self.add_error("wording", _("Say when and how these people agreed. Without proof there is no consent."))
        if data.get("topic") and not data.get("channel"):
            self.add_error("channel", _("Choose the channel they agreed to."))
        return data

    def mapping(self) -> dict[int, str]:
        """Position → target, as `formats` writes it."""
        found = {}
        for position, title in enumerate(self.header):
            choice = self.cleaned_data.get(f"column_{position}", "")
            if choice.count(".") == 1:  # a further column of some type: the name comes from the header
                name = formats.further_name(self.kind, title)
                choice = f"{choice}.{name}" if name else ""
            if choice:
                found[position] = choice
        return found

    def options(self) -> dict[str, Any]:
        """What the job keeps beside the mapping."""
        data = self.cleaned_data
        options: dict[str, Any] = {"system": self.system.name} if self.system else {}
        if data.get("topic"):
            options["consent"] = {
                "topic_id": data["topic"].pk, "channel": data["channel"], "wording": data["wording"].strip(),
            }  # fmt: skip
        if data.get("answers_topic"):
            options["answers"] = {
                "topic_id": data["answers_topic"].pk, "wording": data.get("answers_wording", "").strip(),
                "status": data.get("status", ""),
            }  # fmt: skip
        return options


def _choices(kind: str) -> list[Any]:
    listed = columns.FORMATS[kind]
    choices: list[Any] = [("", _("Leave out"))]
    choices += [(column.key, column.label) for column in listed if not column.group]
    answers = [(column.key, column.label) for column in listed if column.group == "consent"]
    if answers:
        choices.append((_("Consent"), answers))
    prefix = columns.FURTHER.get(ImportKind(kind))
    if prefix:
        label = _("Attribute") if kind == ImportKind.CUSTOMERS else _("Property")
        listed_types = columns.ATTRIBUTE_TYPES.items()
        choices.append((label, [(prefix + key, f"{label}: {kind_of.lower()}") for key, kind_of in listed_types]))
    return choices


def _choice(target: str) -> str:
    return ".".join(target.split(".")[:2]) if formats.further(target) else target
