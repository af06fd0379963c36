"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kit import vault

pytestmark = pytest.mark.engine_free


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_secret_comes_back_as_it_went_in(text):
    assert vault.decrypt("token", vault.encrypt("token", text)) == text


def test_what_is_stored_does_not_hold_the_secret_and_differs_each_time():
    stored = {vault.encrypt("token", "whsec_123456789") for _ in range(3)}

    assert len(stored) == 3
    assert not any("whsec" in text for text in stored)
    assert vault.encrypt("token", "") == vault.decrypt("token", "") == ""


def test_a_secret_is_bound_to_its_purpose_and_cannot_be_altered():
    stored = vault.encrypt("token", "secret")

    for purpose, text in [("signing", stored), ("token", stored[:-6] + "AAAA=="), ("token", "nonsense"), ("token", "é")]:
        with pytest.raises(vault.Unreadable, match="SECRET_KEY_FALLBACKS"):
            vault.decrypt(purpose, text)


def test_after_a_rotation_of_the_key_secrets_stay_readable_and_can_be_moved(settings):
    stored, former = vault.encrypt("token", "secret"), settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-" * 13, [former]
    assert vault.decrypt("token", stored) == "secret"
    moved = vault.rotate("token", stored)

    settings.SECRET_KEY_FALLBACKS = []
    assert vault.decrypt("token", moved) == "secret"
    with pytest.raises(vault.Unreadable):
        vault.decrypt("token", stored)
    with pytest.raises(vault.Unreadable):
        vault.rotate("token", stored)
