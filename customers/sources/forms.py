"""Forms of sources. Secrets go in and never come out again."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.enums import DeliveryState, SourceKind
from customers.models import Connection
from customers.sources.adapters.interfaces import SHOP

HIDDEN = {"autocomplete": "off", "spellcheck": "false"}


class ConnectionForm(forms.Form):
    """A Stripe account or a Shopify shop. When one is changed, an empty secret leaves the stored one."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What your team calls it, such as “Shop UK”."))
    account = forms.CharField(label=_("Account"), max_length=200, required=False)
    signing_secret = forms.CharField(
        label=_("Signing secret"), max_length=300, required=False, widget=forms.PasswordInput(attrs=HIDDEN)
    )
    api_token = forms.CharField(
        label=_("API token"), max_length=400, required=False, widget=forms.PasswordInput(attrs=HIDDEN)
    )
    forget_token = forms.BooleanField(label=_("Delete the stored API token"), required=False)

    def __init__(self, *args: Any, kind: str, connection: Connection | None = None, **kwargs: Any) -> None:
        if connection is not None:
            kwargs["initial"] = {"name": connection.name, "account": connection.account}
        super().__init__(*args, **kwargs)
        self.kind, self.connection = kind, connection
        is_stripe = kind == SourceKind.STRIPE
        self.fields["account"].required = not is_stripe
        if is_stripe:
            del self.fields["account"]
        else:
            self.fields["account"].label = _("Shop domain")
            self.fields["account"].help_text = _(
                "The one that ends in .myshopify.com, such as fern-and-finch.myshopify.com."
            )
        self.fields["signing_secret"].help_text = (
            _("Stripe shows it after the endpoint is made: it begins with whsec_. Leave it empty until then.")
            if is_stripe
            else _("The client secret of your app, or what Settings → Notifications → Webhooks says at the bottom.")
        )
        self.fields["api_token"].help_text = (
            _("A restricted key that may read. A nightly check brings present subscriptions and what was missed.")
            if is_stripe
            else _("An Admin API token that may read orders and customers. A nightly check brings what was missed.")
        )
        if connection is None:
            del self.fields["forget_token"]
        else:
            self.fields["signing_secret"].label = _("New signing secret")
            self.fields["api_token"].label = _("New API token")
            if not connection.api_token:
                del self.fields["forget_token"]

    def clean_account(self) -> str:
        domain = re.sub(r"^https?://|/.*$", "", str(self.cleaned_data["account"]).strip().lower())
        if not SHOP.match(domain):
            raise forms.ValidationError(_("Write the domain that ends in .myshopify.com."))
        return domain

    def clean_signing_secret(self) -> str:
        secret = str(self.cleaned_data["signing_secret"]).strip()
        if secret and not re.fullmatch(r"[\x21-\x7e]{8,300}", secret):
            raise forms.ValidationError(_("A signing secret has at least 8 letters, digits and signs, without blanks."))
        if secret and self.kind == SourceKind.STRIPE and not secret.startswith("whsec_"):
            raise forms.ValidationError(_("The signing secret of a Stripe endpoint begins with whsec_."))
        return secret

    def clean_api_token(self) -> str:
        token = str(self.cleaned_data["api_token"]).strip()
        if token and not re.fullmatch(r"[\x21-\x7e]{8,400}", token):
            raise forms.ValidationError(_("An API token has letters, digits and signs, without blanks."))
        return token


class LogForm(forms.Form):
    """Filters of the log."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *DeliveryState.choices])
    topic = forms.ChoiceField(label=_("Topic"), required=False)
    text = forms.CharField(label=_("Id"), required=False, max_length=120, strip=True)

    def __init__(self, *args: Any, topics: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].choices = [("", _("All")), *((topic, topic) for topic in topics)]  # type: ignore[attr-defined]
        self.fields["text"].widget.attrs["placeholder"] = _("Of the webhook or the customer")

    def chosen(self) -> dict[str, str]:
        """The filters in use; a wrong one counts as none."""
        self.is_valid()
        return {name: str(self.cleaned_data.get(name) or "").replace("\0", "") for name in ("state", "topic", "text")}
