"""Forms of the ingest pages."""

from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.enums import KeyKind

MAX_ORIGINS = 50


class OriginsField(forms.CharField):
    """Origins, one a line: https://shop.example.com, without a path."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Allowed origins"), required=False, max_length=5_000,
            widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://shop.example.com"}),
            help_text=gettext_lazy("For browser keys: the sites whose pages may use it, one a line. Empty: any site."),
        )  # fmt: skip

    def clean(self, value: object) -> str:
        lines = [line.strip().rstrip("/").lower() for line in str(super().clean(value) or "").splitlines() if line.strip()]
        if len(lines) > MAX_ORIGINS:
            raise forms.ValidationError(_("At most %(count)s origins.") % {"count": MAX_ORIGINS})
        for line in lines:
            if not _is_origin(line):
                raise forms.ValidationError(
                    _("%(line)s is not an origin. Write it like https://shop.example.com, without a path.")
                    % {"line": line[:80]}
                )
        return "\n".join(dict.fromkeys(lines))


def _is_origin(line: str) -> bool:
    try:
        parts = urlsplit(line)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and f"{parts.scheme}://{parts.netloc}" == line
    except ValueError:
        return False


class KeyForm(forms.Form):
    """A new write key."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120,
        help_text=gettext_lazy("Which program or site uses it, such as “Shop backend”."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=KeyKind.choices, widget=forms.RadioSelect, initial=KeyKind.SERVER,
        help_text=gettext_lazy("Server: secret, may do everything. Browser: public, may track visitors only."),
    )  # fmt: skip
    origins = OriginsField()


class OriginsForm(forms.Form):
    """The origins of a browser key."""

    origins = OriginsField()
