"""Forms of surveys."""

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.actions.answer import COMMENT_LENGTH
from surveys.models import Survey


class SurveyForm(forms.ModelForm):
    """What staff set: question, follow-ups, thanks, and how often a customer may be asked."""

    class Meta:
        model = Survey
        fields = [
            "name", "question", "why_detractor", "why_passive", "why_promoter", "thanks_detractor", "thanks_passive",
            "thanks_promoter", "asks_promoters_to_refer", "throttle_days", "link_days",
        ]  # fmt: skip
        help_texts = {
            "name": _("Only you see it."),
            "question": _("Asked with a scale from 0 (not at all) to 10 (extremely likely)."),
            "thanks_promoter": _("Their referral link stands below it when the box is ticked."),
            "throttle_days": _("Counted from the sending, whether or not it was answered. All surveys together: 30."),
            "link_days": _("14 to 90."),
        }

    def clean_throttle_days(self) -> int:
        days: int = self.cleaned_data["throttle_days"]
        if not 1 <= days <= 365:
            raise forms.ValidationError(_("Write a number from 1 to 365."))
        return days

    def clean_link_days(self) -> int:
        days: int = self.cleaned_data["link_days"]
        if not 14 <= days <= 90:
            raise forms.ValidationError(_("Write a number from 14 to 90."))
        return days


DEFAULTS = {
    "question": _("How likely are you to recommend us to a friend?"),
    "why_detractor": _("What went wrong? What should we fix first?"),
    "why_passive": _("What would make it a 9?"),
    "why_promoter": _("What do you like most?"),
    "thanks_detractor": _("Thank you for being frank. We read every answer, and this one first."),
    "thanks_passive": _("Thank you. You told us what to work on."),
    "thanks_promoter": _("Thank you, you made our day."),
}


class AnswerForm(forms.Form):
    """What a customer sends."""

    score = forms.TypedChoiceField(choices=[(n, n) for n in range(11)], coerce=int)
    comment = forms.CharField(required=False, max_length=COMMENT_LENGTH)
    may_contact = forms.BooleanField(required=False)
    human = forms.BooleanField(required=False)


class CommentFilterForm(forms.Form):
    """Search in what people wrote."""

    text = forms.CharField(required=False, max_length=100, label=_("Search"))
    band = forms.ChoiceField(
        required=False,
        label=_("Band"),
        choices=[("", _("All")), ("detractor", _("Detractors")), ("passive", _("Passives")), ("promoter", _("Promoters"))],
    )
