"""Cells to values: the short way for phone numbers gives what the long way gives; times as other systems write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customers.imports.rules import values

pytestmark = pytest.mark.engine_free

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def long_way(cell):
    try:
        number = phonenumbers.parse(cell, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def short_way(cell):
    try:
        return values.phone(cell, "")
    except values.BadValue:
        return None


@settings(max_examples=500)
@given(st.sampled_from(CODES), st.text("0123456789", min_size=4, max_size=13))
@example(7, "8121234567")
@example(36, "0612345678")
@example(39, "0612345678")
@example(1, "1201555012")
@example(52, "15512345678")
@example(54, "91123456789")
def test_plain_phone_numbers_are_read_as_the_long_way_reads_them(code, national):
    cell = f"+{code}{national}"

    assert short_way(cell) == long_way(cell)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-02-21 10:30:00 +0500", datetime(2026, 2, 21, 5, 30, tzinfo=UTC)),
        ("2026-02-21 10:30:00 -05:00", datetime(2026, 2, 21, 15, 30, tzinfo=UTC)),
        ("2024-03-14 09:12:31", datetime(2024, 3, 14, 9, 12, 31, tzinfo=UTC)),
        ("2024-07-14 09:12", datetime(2024, 7, 14, 8, 12, tzinfo=UTC)),
        ("2024-03-14T09:12:31Z", datetime(2024, 3, 14, 9, 12, 31, tzinfo=UTC)),
        ("2024-03-14", datetime(2024, 3, 14, tzinfo=UTC)),
    ],
)
def test_times_as_other_systems_write_them(cell, moment):
    assert values.moment(cell, ZoneInfo("Europe/London")) == moment


def test_remembered_values_still_refuse_what_is_bad():
    read = values.repeated(values.country)

    assert (read("Germany"), read("Germany")) == ("DE", "DE")
    for _ in range(2):
        with pytest.raises(values.BadValue):
            read("Atlantis")
