"""Forms of the import pages."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ImportKind
from customers.imports.adapters.csv_files import DELIMITERS, ENCODINGS
from customers.imports.rules import formats
from customers.models import Topic

MAX_BYTES = 1 << 30


class UploadForm(forms.Form):
    """What the file holds, and the file."""

    kind = forms.ChoiceField(label=_("What is in the file?"), choices=ImportKind.choices, initial=ImportKind.CUSTOMERS)
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Comma, semicolon or tab; any common encoding. The first line holds the column names."),
        error_messages={"empty": _("The file is empty. Export it again, with a header line and at least one row.")},
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )

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

    def __init__(self, data: Any, *, kind: str, header: Sequence[str], mapping: dict[int, str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.kind, self.header = kind, header
        choices: list[Any] = [("", _("Leave out"))]
        choices += [(column.key, column.label) for column in formats.FORMATS[kind]]
        if kind == ImportKind.CUSTOMERS:
            choices.append(
                (
                    _("Further attribute"),
                    [(formats.ATTRIBUTE + key, label) for key, label in formats.ATTRIBUTE_TYPES.items()],
                )
            )
        for position, title in enumerate(header):
            self.fields[f"column_{position}"] = forms.ChoiceField(
                label=title or f"#{position + 1}",
                choices=choices,
                required=False,
                initial=_choice(mapping.get(position, "")),
            )
        if kind == ImportKind.CUSTOMERS:
            self._add_consent()

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
            if choice.startswith(formats.ATTRIBUTE):
                name = formats.attribute_name(title)
                choice = f"{choice}.{name}" if name else ""
            if choice:
                found[position] = choice
        return found

    def options(self) -> dict[str, Any]:
        """What the job keeps beside the mapping."""
        topic = self.cleaned_data.get("topic")
        if not topic:
            return {}
        return {
            "consent": {
                "topic_id": topic.pk,
                "channel": self.cleaned_data["channel"],
                "wording": self.cleaned_data["wording"].strip(),
            }
        }


def _choice(target: str) -> str:
    return ".".join(target.split(".")[:2]) if target.startswith(formats.ATTRIBUTE) else target
