"""Exported cells: never a formula, and back again without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import cells

pytestmark = pytest.mark.engine_free

TRICKY = st.text(alphabet="=+-@\t\r'\" a＝＋1", max_size=8)


@given(st.one_of(st.text(), TRICKY))
def test_plain_undoes_safe(text):
    assert cells.plain(cells.safe(text)) == text


@given(TRICKY)
def test_safe_cell_never_starts_a_formula(text):
    safe = cells.safe(text)

    assert safe.lstrip(" ")[:1] not in tuple("=+-@\t\r＝＋")
