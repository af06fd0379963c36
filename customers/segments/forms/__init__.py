"""Forms of segments: name and description, lists, and the rule builder."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Segment


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
        help_text=_("E-mail addresses, external ids, or numbers like #123; one per line or separated by commas."),
    )
    file = forms.FileField(label=_("Or a text or CSV file"), required=False, help_text=_("One column; up to 2 MB."))

    def clean_file(self) -> str:
        """The text of the file; UTF-8, or else Latin-1, in which every byte means something."""
        upload = self.cleaned_data.get("file")
        if not upload:
            return ""
        if upload.size > 2_000_000:
            raise forms.ValidationError(_("The file is larger than 2 MB. Split it and add the parts one after the other."))
        raw: bytes = upload.read()
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def text(self) -> str:
        """What was pasted and what was uploaded, together."""
        return f"{self.cleaned_data.get('people', '')}\n{self.cleaned_data.get('file', '')}"


class PeopleForm(ListForm):
    """Customers to put on a list or to take off it."""

    class Meta(SegmentForm.Meta):
        fields: list[str] = []
