"""Forms of segments: name and description, lists, and the rule builder."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.enums import ListMode
from customers.models import Segment
from customers.segments.rules import list_columns


class SegmentForm(forms.ModelForm):
    """Name and description; the rules are read by `forms.builder`."""

    class Meta:
        model = Segment
        fields = ["name", "description"]
        help_texts = {"description": _("For your colleagues: what this segment is for.")}


class ListForm(SegmentForm):
    """A list with the people to begin with."""

    people = forms.CharField(
        label=_("Customers"),
        required=False,
        max_length=5_000_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("E-mail addresses, external ids, phone numbers like +44…, or #123; one per line or with commas."),
    )
    file = forms.FileField(
        label=_("Or a CSV or text file"),
        required=False,
        help_text=_("With a column email, external_id, phone or id; up to 1,000,000 rows."),
    )
    is_told = forms.BooleanField(
        label=_("Journeys may start for them"),
        required=False,
        help_text=_("Otherwise they come onto the list quietly."),
    )


class PeopleForm(ListForm):
    """Customers to put on a list, to take off it, or to make it of."""

    mode = forms.ChoiceField(
        label=_("What to do"), choices=ListMode.choices, initial=ListMode.ADD, widget=forms.RadioSelect
    )
    field_order = ["mode", "people", "file", "is_told"]

    class Meta(SegmentForm.Meta):
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not (found.get("people") or "").strip() and not found.get("file"):
            raise forms.ValidationError(_("Write who is meant, or choose a file."))
        return found


class ColumnForm(forms.Form):
    """Which column of a file names people, and by what."""

    column = forms.TypedChoiceField(label=_("Column"), coerce=int)
    means = forms.ChoiceField(
        label=_("It holds"),
        choices=[
            (list_columns.EMAIL, _("E-mail addresses")), (list_columns.EXTERNAL, _("External ids")),
            (list_columns.PHONE, _("Phone numbers")), (list_columns.ID, _("Customer numbers")),
            (list_columns.MIXED, _("A mixture of these")),
        ],
    )  # fmt: skip
    has_header = forms.BooleanField(label=_("The first line holds names of columns"), required=False)

    def __init__(self, *args: Any, first: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["column"]
        field.choices = [(index, f"{index + 1}: {cell[:60]}") for index, cell in enumerate(first[:200])]
