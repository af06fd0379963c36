"""Forms of journeys."""

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import BodyKind
from campaigns.journeys.enums import Reentry, StepKind
from campaigns.journeys.models import Journey, JourneyStep
from campaigns.journeys.rules import words
from campaigns.models.content import Content
from campaigns.rules import blocks, template
from campaigns.rules.template import BadTemplate
from customers.models import Segment, Topic

SEGMENT_EVENTS = ("segment.entered", "segment.left")


class SettingsForm(forms.ModelForm):
    """Name, topic, holdout and re-entry; the segment too, where entering or leaving one starts the journey."""

    segment = forms.ModelChoiceField(Segment.objects.none(), label=_("Segment that starts the journey"))
    goal_days = forms.IntegerField(
        label=_("Days to reach the goal"), min_value=1, max_value=365, help_text=_("Counted from the day a person enters.")
    )

    class Meta:
        model = Journey
        fields = ("name", "description", "topic", "holdout_percent", "reentry", "reentry_days")
        labels = {"holdout_percent": _("Held out, per cent")}
        help_texts = {
            "topic": _("Only people who subscribed to this topic get the e-mails."),
            "holdout_percent": _(
                "These people walk along without getting anything, so that you can see what the journey adds."
            ),
            "reentry_days": _("Counts only where people may enter again after a number of days."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entry = self.instance.entry
        if entry.get("event") in SEGMENT_EVENTS:
            self.fields["segment"].queryset = Segment.objects.order_by("name")  # type: ignore[attr-defined]
            self.fields["segment"].initial = (entry.get("where") or {}).get("segment_id")
        else:
            del self.fields["segment"]
        if self.instance.goal:
            self.fields["goal_days"].initial = self.instance.goal.get("within_days", 30)
        else:
            del self.fields["goal_days"]
        self.fields["topic"].required = True
        offered = Q(archived_at=None) | Q(pk=self.instance.topic_id)
        self.fields["topic"].queryset = Topic.objects.filter(offered).order_by("position", "name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("reentry") == Reentry.AFTER_DAYS and not cleaned.get("reentry_days"):
            self.add_error("reentry_days", _("Say after how many days people may enter again."))
        return cleaned

    def settings(self) -> dict[str, Any]:
        """The cleaned values as fields of the journey."""
        values = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        if "segment" in self.cleaned_data:
            values["entry"] = {**self.instance.entry, "where": {"segment_id": self.cleaned_data["segment"].pk}}
        if "goal_days" in self.cleaned_data:
            values["goal"] = {**self.instance.goal, "within_days": self.cleaned_data["goal_days"]}
        return values


class WaitForm(forms.Form):
    """How long a wait lasts."""

    name = forms.CharField(label=_("Name"), max_length=120)
    days = forms.IntegerField(label=_("Days"), min_value=0, max_value=730)
    hours = forms.IntegerField(label=_("Hours"), min_value=0, max_value=720)
    at = forms.CharField(
        label=_("Then until, local time"), max_length=5, required=False,
        help_text=_("Such as 10:00, in each customer’s time zone. Empty: go on when the days and hours are over."),
    )  # fmt: skip
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days"), coerce=int, required=False, choices=list(enumerate(words.DAYS)),
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: on any day."),
    )  # fmt: skip

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == StepKind.WAIT_EVENT:
            del self.fields["at"], self.fields["weekdays"]

    def clean_at(self) -> str:
        clock: str = self.cleaned_data["at"].strip()
        if clock and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", clock):
            raise forms.ValidationError(_("Write the time like 09:00."))
        return clock

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("days") or cleaned.get("hours") or cleaned.get("at")):
            raise forms.ValidationError(_("Wait for at least an hour, or until a time of day."))
        if cleaned.get("weekdays") and not cleaned.get("at"):
            self.add_error("at", _("Give the time of day at which people go on."))
        return cleaned


class NameForm(forms.Form):
    """The name of a step."""

    name = forms.CharField(label=_("Name"), max_length=120)


class MailForm(forms.ModelForm):
    """The e-mail of a send step: subject, preview line, and the words of each of its blocks."""

    class Meta:
        model = Content
        fields = ("subject", "preheader", "sender_name")
        help_texts = {
            "subject": _("Variables such as {{ customer.first_name or \"there\" }} are filled in for each person."),
            "sender_name": _("Empty: the sender of your brand."),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].required = True
        if self.instance.body_kind == BodyKind.HTML:
            self.fields["html"] = forms.CharField(label=_("HTML"), widget=forms.Textarea, initial=self.instance.html)
            return
        for index, block in enumerate(self.instance.blocks):
            kind = blocks.KINDS.get(block.get("kind", ""))
            for part in kind.fields if kind else ():
                widget = forms.Textarea(attrs={"rows": 6}) if part.kind == "long" else forms.TextInput()
                self.fields[f"block-{index}-{part.name}"] = forms.CharField(
                    label=f"{kind.label}: {part.label.lower()}"
                    if kind and len(kind.fields) > 1
                    else kind.label
                    if kind
                    else "",
                    widget=widget,
                    max_length=5000,
                    required=False,
                    initial=block.get(part.name, ""),
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in list(cleaned.items()):
            try:
                template.check(str(value or ""))
            except BadTemplate as error:
                self.add_error(name, str(error))
        return cleaned

    def save(self, commit: bool = True) -> Content:
        """Keep the content; blocks keep their order and kind."""
        content = self.instance
        if content.body_kind == BodyKind.HTML:
            content.html = self.cleaned_data["html"]
        else:
            content.blocks = [
                {name: self.cleaned_data.get(f"block-{index}-{name}", value) for name, value in block.items()}
                for index, block in enumerate(content.blocks)
            ]
        saved: Content = super().save(commit=commit)
        return saved


def form_kind(step: JourneyStep) -> str:
    """Which of the forms edits a step: mail, wait or name."""
    if step.kind == StepKind.SEND and step.content:
        return "mail"
    return "wait" if step.kind in (StepKind.WAIT, StepKind.WAIT_EVENT) else "name"
