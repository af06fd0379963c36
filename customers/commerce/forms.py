"""Forms of commerce: rates, products, how subscriptions count."""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.commerce.actions.values import CURRENCY
from customers.models import CommerceSettings, Product
from customers.queries import brand

LARGEST = 2_000_000
ROWS = 50_000


class RateForm(forms.Form):
    """One rate. The same currency and day again corrects it; what was converted before stays."""

    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters, such as USD."),
        widget=forms.TextInput({"placeholder": "USD"}),
    )
    on = forms.DateField(label=gettext_lazy("From day"), widget=forms.DateInput({"type": "date"}))
    rate = forms.DecimalField(
        label=gettext_lazy("Rate"),
        max_digits=20,
        decimal_places=10,
        help_text=gettext_lazy("What one unit of it is worth in the currency of the account."),
    )

    def clean_currency(self) -> str:
        found = str(self.cleaned_data["currency"]).upper()
        if not CURRENCY.fullmatch(found):
            raise forms.ValidationError(_("Write its three letters, such as USD."))
        if found == brand.current().currency:
            raise forms.ValidationError(_("This is the currency of the account; it needs no rate."))
        return found

    def clean_rate(self) -> Decimal:
        rate: Decimal = self.cleaned_data["rate"]
        if rate <= 0:
            raise forms.ValidationError(_("A rate is above 0."))
        return rate


class RateFileForm(forms.Form):
    """A CSV file with the columns currency, day and rate."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("Columns currency, day (2026-03-16) and rate, with a header. At most 2 MB."),
    )

    def clean_file(self) -> list[tuple[str, date, Decimal]]:
        """The rates of the file; every bad line is named."""
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 2 MB. Split it."))
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("The file is not UTF-8 text. Save it as “CSV UTF-8”.")) from None
        rows = csv.reader(io.StringIO(text))
        header = [cell.strip().lower() for cell in next(rows, [])]
        places = {}
        for name, words in (("currency", ("currency",)), ("on", ("day", "date", "on")), ("rate", ("rate",))):
            found = [header.index(word) for word in words if word in header]
            if not found:
                raise forms.ValidationError(_("The header has no column “%(name)s”.") % {"name": words[0]})
            places[name] = found[0]
        return self._read(rows, places)

    def _read(self, rows: Any, places: dict[str, int]) -> list[tuple[str, date, Decimal]]:
        taken: list[tuple[str, date, Decimal]] = []
        problems: list[str] = []
        account = brand.current().currency
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            try:
                currency, day, value = (row[places[name]].strip() for name in ("currency", "on", "rate"))
                rate = Decimal(value.replace(",", "."))
                if not CURRENCY.fullmatch(currency.upper()) or not rate.is_finite() or not 0 < rate < 10**10:
                    raise ValueError
                if currency.upper() != account:
                    taken.append((currency.upper(), date.fromisoformat(day), rate))
            except (ValueError, IndexError, InvalidOperation):
                problems.append(_("Line %(line)s is not a currency, a day and a rate above 0.") % {"line": rows.line_num})
            if len(taken) > ROWS or len(problems) > 20:
                break
        if len(taken) > ROWS:
            raise forms.ValidationError(_("The file has more than 50,000 rates. Split it."))
        if problems:
            raise forms.ValidationError(problems)
        return taken


class ProductForm(forms.ModelForm):
    """Name and category; the SKU is what orders refer to and stays."""

    class Meta:
        model = Product
        fields = ("name", "category")


class CountingForm(forms.ModelForm):
    """How subscriptions count."""

    class Meta:
        model = CommerceSettings
        fields = ("cancel_counts", "new_after_days", "renewal_grace_days")
        labels = {
            "cancel_counts": gettext_lazy("A cancelled subscription counts"),
            "new_after_days": gettext_lazy("A return counts as new after (days)"),
            "renewal_grace_days": gettext_lazy("A renewal counts when it is late by at most (days)"),
        }
        help_texts = {
            "cancel_counts": gettext_lazy("Until its term ends it is shown as MRR at risk."),
            "new_after_days": gettext_lazy("Empty: never, a customer who comes back is always a reactivation."),
        }
