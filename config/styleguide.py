"""Example data of `/styleguide/`: every component in every state."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator

MONTHS = ["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]


class ExampleForm(forms.Form):
    """One field of each kind; shown empty and with errors."""

    name = forms.CharField(label="Name", help_text="Only you and your colleagues see it.")
    email = forms.EmailField(label="Reply-to address", required=False)
    topic = forms.ChoiceField(label="Topic", choices=[("offers", "Offers"), ("news", "News"), ("care", "Plant care")])
    budget = forms.IntegerField(label="Points budget", min_value=1, help_text="Sending stops when it is used up.")
    text = forms.CharField(label="Text", widget=forms.Textarea(attrs={"rows": 4}), required=False)
    channel = forms.ChoiceField(
        label="Channel", choices=[("email", "E-mail"), ("sms", "Text message")], widget=forms.RadioSelect
    )
    days = forms.MultipleChoiceField(
        label="Days",
        choices=[("mon", "Monday"), ("wed", "Wednesday"), ("fri", "Friday")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    starts_on = forms.DateField(label="Starts on", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    picture = forms.FileField(label="Picture", required=False)
    holdout = forms.BooleanField(
        label="Keep a holdout group",
        required=False,
        help_text="One customer in ten gets nothing, so that lift can be measured.",
    )


def _chart(name: str, kind: str, unit: str = "number", **series: list[float | int | None]) -> dict[str, Any]:
    return {
        "id": f"example-{kind}-{unit}",
        "title": name,
        "kind": kind,
        "labels": MONTHS,
        "unit": unit,
        "currency": "GBP",
        "series": [{"name": key.replace("_", " ").capitalize(), "values": values} for key, values in series.items()],
    }


def _heatmap() -> dict[str, Any]:
    rows = []
    for number, (month, size) in enumerate(zip(MONTHS[:7], [948, 417, 380, 440, 299, 279, 235], strict=True)):
        cells: list[dict[str, Any]] = []
        for step in range(7):
            if step > 6 - number:
                cells.append({"text": "", "level": None, "title": ""})
                continue
            share = 1.0 if step == 0 else 0.41 - step * 0.032 + (number % 3) * 0.02
            level = 9 if step == 0 else min(8, int(share * 18))
            cells.append({"text": f"{share:.0%}", "level": level, "title": f"{round(size * share)} of {size} customers"})
        rows.append({"label": month, "size": size, "cells": cells})
    return {
        "id": "example-heatmap",
        "title": "Customers who came back, by month of first order",
        "columns": [f"Month {step}" for step in range(7)],
        "rows": rows,
    }


def examples(*, at: datetime, path: str) -> dict[str, Any]:
    """Everything that the style guide shows. `at` is now; `path` is the page's own address."""
    broken = ExampleForm({"name": "", "email": "alice@", "topic": "offers", "budget": "0", "channel": ""})
    broken.is_valid()
    broken.add_error(None, "Choose a segment before you schedule the campaign.")
    return {
        "at": at,
        "earlier": at - timedelta(hours=3),
        "later": at + timedelta(days=2),
        "form": ExampleForm(prefix="good"),
        "broken_form": broken,
        "page": Paginator(range(4340), 50).page(7),
        "levels": range(10),
        "tones": ["good", "warn", "bad", "info"],
        "series_colours": range(1, 9),
        "tabs": [
            {"label": "Overview", "url": path, "is_current": True},
            {"label": "People", "url": path, "is_current": False, "count": 1284},
            {"label": "Messages", "url": path, "is_current": False, "count": 0},
            {"label": "Settings", "url": path, "is_current": False},
        ],
        "steps": [
            {"label": "Recipients", "url": path, "is_done": True, "is_current": False},
            {"label": "Content", "url": path, "is_done": False, "is_current": True},
            {"label": "Review", "url": "", "is_done": False, "is_current": False},
        ],
        "charts": [
            _chart("New customers", "line", new=[948, 417, 380, 440, 299, 279, 235, 191, 167, 298, 352, 321]),
            _chart(
                "Revenue",
                "stacked",
                "money",
                from_new_customers=[
                    49600000,
                    21800000,
                    19000000,
                    23900000,
                    14100000,
                    15300000,
                    12000000,
                    9900000,
                    8800000,
                    16200000,
                    19800000,
                    18700000,
                ],
                from_returning_customers=[
                    0,
                    26400000,
                    28700000,
                    38200000,
                    33700000,
                    50600000,
                    47800000,
                    48200000,
                    50900000,
                    73600000,
                    78200000,
                    94800000,
                ],
            ),
            _chart(
                "Repeat rate",
                "area",
                "percent",
                repeat_rate=[0.21, 0.24, 0.26, 0.3, 0.31, 0.34, 0.35, 0.35, 0.37, 0.41, 0.43, 0.44],
            ),
            _chart(
                "Messages sent",
                "bar",
                "number",
                e_mail=[4100, 3900, 4300, 4100, 4600, 4500, 4200, 4400, 4700, 5200, 5800, 6100],
            ),
        ],
        "heatmap": _heatmap(),
        "empty_chart": {
            "id": "example-empty",
            "title": "Points redeemed",
            "kind": "line",
            "unit": "number",
            "labels": [],
            "series": [],
        },
    }
