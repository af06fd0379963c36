"""The formula: bands, score, interval, change, sample size."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.rules import nps
from surveys.rules.nps import Counts

pytestmark = pytest.mark.engine_free

SFO = Path(__file__).resolve().parents[3] / "shared" / "data" / "sfo_customer_survey_2017.csv"


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_band_of_follows_the_scale(score, band):
    assert nps.band_of(score) == band


@pytest.mark.parametrize("score", [-1, 11])
def test_band_of_refuses_other_numbers(score):
    with pytest.raises(ValueError, match="0 to 10"):
        nps.band_of(score)


def test_interval_equals_the_published_vector():
    counts = Counts(promoters=50, passives=30, detractors=20)

    assert nps.nps(counts) == 30
    assert [round(bound, 1) for bound in nps.interval(counts)] == [14.1, 44.2]


def test_interval_of_everybody_asked_has_no_width():
    low, high = nps.interval(Counts(50, 30, 20), population=100)

    assert high - low == 0


@pytest.mark.parametrize(("margin", "needed"), [(20, 56), (15, 102), (10, 232), (5, 935)])
def test_sample_size_equals_the_published_table(margin, needed):
    assert nps.sample_size(margin) == needed


def test_change_tells_chance_from_news():
    assert nps.change(Counts(50, 30, 20), Counts(52, 30, 18)).is_significant is False
    assert nps.change(Counts(500, 300, 200), Counts(620, 250, 130)).is_significant is True
    assert nps.change(Counts(5, 2, 2), Counts(500, 300, 200)) is None


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_score_and_interval_stay_on_the_scale(promoters, passives, detractors):
    counts = Counts(promoters, passives, detractors)
    score, found = nps.nps(counts), nps.interval(counts)

    if not counts.total:
        assert (score, found) == (None, None)
    else:
        assert -100 <= score <= 100
        assert -100 <= found[0] <= found[1] <= 100


@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 900))
def test_swapping_promoters_and_detractors_turns_the_sign(promoters, passives, detractors):
    there, back = Counts(promoters, passives, detractors), Counts(detractors, passives, promoters)

    assert (nps.nps(there) or 0) == -(nps.nps(back) or 0)


@pytest.mark.skipif(not SFO.exists(), reason="the airport's survey is not on this machine")
def test_airport_survey_gives_the_published_score():
    answers = [int(row["NETPRO"]) for row in csv.DictReader(SFO.open(encoding="utf-8-sig")) if row["NETPRO"].strip()]
    bands = [nps.band_of(answer) for answer in answers if 0 <= answer <= 10]  # 11 means "blank"
    counts = Counts(bands.count("promoter"), bands.count("passive"), bands.count("detractor"))

    assert counts == Counts(1436, 968, 342)
    assert round(nps.nps(counts), 4) == 39.8398
    assert round(nps.plain_error(counts), 4) == 1.3341
