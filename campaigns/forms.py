"""Forms of the campaign wizard."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Content
from campaigns.rules.gate import is_address
from campaigns.rules.template import BadTemplate, check
from config.kit.clock import now, zone
from customers.models import Segment, Topic
from customers.queries import brand as brands


class AudienceForm(forms.ModelForm):
    """Step one: name and recipients."""

    class Meta:
        model = Campaign
        fields = ["name", "segment", "exclude_segment", "topic"]
        help_texts = {
            "name": _("For you and your team; customers do not see it."),
            "segment": _("Who may get it."),
            "exclude_segment": _("People who are also in this segment do not get it."),
            "topic": _("Only people who said yes to this topic get it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("segment", "topic"):
            self.fields[name].required = True
            self.fields[name].empty_label = _("Choose one")  # type: ignore[attr-defined]
        self.fields["exclude_segment"].empty_label = _("Nobody")  # type: ignore[attr-defined]
        # An archived topic stays with the campaign that has it; no other can choose it.
        offered = Q(archived_at=None) | Q(pk=self.instance.topic_id)
        self.fields["topic"].queryset = Topic.objects.filter(offered).order_by("position", "name")  # type: ignore[attr-defined]
        if not self.instance.pk:
            self.initial.setdefault("topic", Topic.objects.filter(is_default=True).values_list("pk", flat=True).first())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("segment") and cleaned.get("segment") == cleaned.get("exclude_segment"):
            self.add_error("exclude_segment", _("This is the segment that gets it: nobody would be left."))
        return cleaned


class EstimateForm(forms.Form):
    """The choices of step one, as far as they are made, for the live estimate."""

    segment = forms.ModelChoiceField(Segment.objects.all())
    exclude_segment = forms.ModelChoiceField(Segment.objects.all(), required=False)
    topic = forms.ModelChoiceField(Topic.objects.all(), required=False)


class ContentForm(forms.ModelForm):
    """Step two: everything but the blocks, which the editor sends beside it."""

    class Meta:
        model = Content
        fields = ["subject", "preheader", "sender_name", "sender_email", "body_kind", "html", "text"]
        widgets = {
            "body_kind": forms.RadioSelect,
            "html": forms.Textarea(attrs={"rows": 18, "class": "code", "spellcheck": "false"}),
            "text": forms.Textarea(attrs={"rows": 8}),
        }
        help_texts = {
            "preheader": _("The line that mail programs show beside the subject."),
            "sender_name": _("Leave empty for the brand's sender."),
            "text": _("Leave empty: it is made from the message."),
            "html": _("A whole HTML document or a part. The footer with the unsubscribe link is added."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["html"].required = False
        self.fields["subject"].needed_later = True  # type: ignore[attr-defined]  # a draft may wait for it, a launch not

    def _checked(self, name: str) -> str:
        value: str = self.cleaned_data.get(name, "")
        try:
            check(value)
        except BadTemplate as error:
            raise forms.ValidationError(str(error)) from error
        return value

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_preheader(self) -> str:
        return self._checked("preheader")

    def clean_html(self) -> str:
        return self._checked("html")

    def clean_text(self) -> str:
        return self._checked("text")

    def clean_sender_name(self) -> str:
        value: str = self.cleaned_data["sender_name"]
        if "{{" in value or "{%" in value:
            raise forms.ValidationError(_("The sender's name is the same for everybody."))
        return value


class TestSendForm(forms.Form):
    """Where a test goes."""

    __test__ = False
    address = forms.EmailField(label=_("Send a test to"))

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if not is_address(address):
            raise forms.ValidationError(_("Mail servers do not take this address."))
        return address


class ScheduleForm(forms.Form):
    """Step three: holdout, time, and the typed number above a size."""

    holdout_percent = forms.IntegerField(
        label=_("Holdout, percent"), min_value=0, max_value=50, initial=5,
        help_text=_("This share gets nothing, so that the report can tell what the campaign earned."),
    )  # fmt: skip
    moment = forms.ChoiceField(
        label=_("When"), choices=[("now", _("Now")), ("later", _("At a time"))], initial="now", widget=forms.RadioSelect
    )
    scheduled_at = forms.DateTimeField(
        label=_("Time"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    confirmation = forms.CharField(label=_("Number of people"), required=False)

    CONFIRM_ABOVE = 1000

    def __init__(self, *args: Any, sendable: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sendable = sendable
        zone_name = brands.current().timezone
        self.fields["scheduled_at"].help_text = _("In the time zone %(zone)s.") % {"zone": zone_name}
        if sendable <= self.CONFIRM_ABOVE:
            del self.fields["confirmation"]
        else:
            self.fields["confirmation"].help_text = _("Type %(count)s to confirm.") % {"count": sendable}

    def clean_confirmation(self) -> str:
        value: str = self.cleaned_data["confirmation"].replace(",", "").replace(" ", "").strip()
        if value != str(self.sendable):
            raise forms.ValidationError(_("Type %(count)s to confirm.") % {"count": self.sendable})
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("moment") == "later":
            when: datetime | None = cleaned.get("scheduled_at")
            if when is None and "scheduled_at" not in self.errors:
                self.add_error("scheduled_at", _("Choose a time."))
            elif when is not None:
                local = when.replace(tzinfo=zone(brands.current().timezone))
                cleaned["when"] = local
                if local <= now():
                    self.add_error("scheduled_at", _("This time is over."))
        return cleaned
