"""Colours can be read: every pair of ink and ground that the style sheets promise, light and dark."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import colour

pytestmark = pytest.mark.engine_free

CSS = Path(settings.BASE_DIR) / "static" / "css"
PAIR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
GROUNDS = ["bg", "surface", "surface-2", "surface-raised"]
READ_ON = [
    (ink, ground)
    for ink in ("text", "text-2", "text-3", "accent-text", "good", "warn", "bad", "info")
    for ground in GROUNDS
]
READ_ON += [(tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "info", "neutral")]
READ_ON += [("text", f"{tone}-soft") for tone in ("good", "warn", "bad", "info", "accent", "neutral")]
READ_ON += [("text-2", "neutral-soft"), ("text-2", "surface-3"), ("text-3", "surface-3"), ("accent-text", "accent-soft")]
READ_ON += [
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("bad-ink", "bad-solid"),
    ("bad-ink", "bad-solid-hover"),
]
SEEN_ON = [
    (mark, ground)
    for mark in ("control-line", "focus", "accent", "good-solid", "bad-solid")
    for ground in ("bg", "surface")
]
SEEN_ON += [(f"chart-{number}", "surface") for number in range(1, 9)]
colours = st.from_regex(r"\A#[0-9a-f]{6}\Z")


def tokens(scheme: int) -> dict[str, str]:
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", (CSS / "tokens.css").read_text())
    return {name: pair[scheme] for name, *pair in found}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_of_at_least_four_and_a_half(scheme):
    values = tokens(scheme)

    weak = [
        (ink, ground, round(colour.contrast(values[ink], values[ground]), 2))
        for ink, ground in READ_ON
        if colour.contrast(values[ink], values[ground]) < 4.5
    ]

    assert weak == []


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_controls_and_series_have_contrast_of_at_least_three(scheme):
    values = tokens(scheme)

    weak = [
        (mark, ground, round(colour.contrast(values[mark], values[ground]), 2))
        for mark, ground in SEEN_ON
        if colour.contrast(values[mark], values[ground]) < 3
    ]

    assert weak == []


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_heat_map_can_be_read_at_every_level(scheme):
    rules = re.findall(r"\.level-(\d) \{ background: (.*?); color: (.*?); \}", (CSS / "components.css").read_text())

    weak = [
        level
        for level, ground, ink in rules
        if colour.contrast(PAIR.match(ground)[scheme + 1], PAIR.match(ink)[scheme + 1]) < 4.5
    ]

    assert [level for level, *_ in rules] == list("0123456789")
    assert weak == []


@given(colours)
def test_every_brand_colour_gets_readable_inks(brand):
    shades = colour.shades(brand)

    assert colour.contrast(shades["ink"], shades["solid"]) >= 4.5
    assert colour.contrast(shades["text"], colour.LIGHT_PAGE) >= 4.5
    assert colour.contrast(shades["text-dark"], colour.DARK_PAGE) >= 4.5


def test_contrast_of_black_and_white_is_twenty_one():
    assert round(colour.contrast("#000000", "#ffffff"), 6) == 21
