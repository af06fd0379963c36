"""Formulas, on figures computed by hand and elsewhere."""

from datetime import date

import pytest

from metrics.rules import commerce, periods, retention, rfm
from surveys.rules import nps

pytestmark = pytest.mark.engine_free

# The golden ledger of June: what each customer paid at the start and at the end.
BASE = {"A": 100, "B": 100, "C": 200, "D": 100, "E": 100}
NOW = {"A": 100, "B": 150, "C": 120, "E": 100, "F": 80, "H": 90}


def test_recurring_revenue_equals_the_golden_ledger():
    assert round(retention.nrr(BASE, NOW), 4) == 0.7833
    assert retention.grr(BASE, NOW) == 0.7
    assert retention.logo_retention(BASE, NOW) == 0.8
    assert retention.nrr({}, NOW) is None


def test_rates_without_a_base_are_unknown():
    assert commerce.aov(0, 0) is None
    assert commerce.repeat_rate(0, 0) is None
    assert commerce.change(5, 0) is None
    assert commerce.change(150, 100) == 0.5


def test_weighted_retention_leaves_out_months_that_are_not_over():
    found = retention.weighted([[100, 20, 30], [50, 25]], [2, 1], 1)

    assert (found.kept, found.size, found.cohorts, found.rate) == (20, 100, 1, 0.2)


def test_nps_of_the_airport_survey_equals_the_reference():
    counts = nps.Counts(1436, 968, 342)

    assert round(nps.nps(counts), 4) == 39.8398
    assert round(nps.plain_error(counts), 4) == 1.3341


@pytest.mark.parametrize(
    ("r", "f", "name"), [(5, 5, "champions"), (5, 1, "new"), (1, 5, "at_risk"), (1, 1, "lost"), (3, 3, "loyal")]
)
def test_rfm_class_of_a_cell(r, f, name):
    assert rfm.rfm_class(r, f) == name


def test_rfm_case_names_every_cell():
    assert rfm.sql_case().count("WHEN") == 25


def test_periods():
    period = periods.named("28d", last=date(2026, 3, 28))

    assert (period.first, period.days, period.before.last, period.before.days) == (
        date(2026, 3, 1),
        28,
        date(2026, 2, 28),
        28,
    )
    assert periods.named("nonsense", last=date(2026, 3, 28)).days == 28
    assert periods.add_months(date(2025, 12, 5), 2) == date(2026, 2, 1)
    assert periods.add_months(date(2025, 1, 5), -1) == date(2024, 12, 1)
    runs = periods.in_runs([date(2026, 1, 20), date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 1)])
    assert [(run.first.day, run.last.day) for run in runs] == [(1, 3), (20, 20)]


def test_definitions_are_documented():
    from pathlib import Path
    from re import findall

    from django.conf import settings

    from metrics import definitions

    text = (Path(settings.BASE_DIR) / "docs/metrics.md").read_text()

    assert findall(r"^\| `([a-z0-9_]+)` \|", text, 8) == [definition.key for definition in definitions.all()]
