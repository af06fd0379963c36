"""Forms of the tracking plan."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import TrackedEvent
from customers.tracking.rules.kinds import KINDS
from customers.tracking.rules.plan_file import MAX_BYTES, NotAPlan, Plan, read


class EventForm(forms.ModelForm):
    """Status and description of an event."""

    class Meta:
        model = TrackedEvent
        fields = ["status", "description"]
        help_texts = {"status": _("A blocked event is refused when it comes in; what came before stays.")}


class PropertyForm(forms.Form):
    """What is expected of a property."""

    type = forms.ChoiceField(label=_("Type"), choices=[(kind, kind) for kind in KINDS])
    planned = forms.BooleanField(label=_("Planned"), required=False)
    required = forms.BooleanField(label=_("Required in every event"), required=False)
    description = forms.CharField(label=_("Meaning"), max_length=300, required=False)


class UploadForm(forms.Form):
    """A plan file."""

    file = forms.FileField(label=_("Plan file"), help_text=_("JSON as the download gives it, up to 2 MB."))

    def clean_file(self) -> Plan:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        try:
            return read(upload.read())
        except NotAPlan as error:
            raise forms.ValidationError(str(error)) from error
