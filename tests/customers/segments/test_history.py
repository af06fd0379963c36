"""Versions of the rules: who saved what, what is quiet, and that nobody overwrites a colleague."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.models import Segment, SegmentVersion
from customers.segments.actions import save
from tests.factories import people

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def country(*codes):
    return {
        "match": "all",
        "rules": [{"type": "field", "field": "customer.country", "op": "any_of", "value": list(codes)}],
    }


def test_changed_rules_make_a_version_and_a_new_name_makes_none():
    first = save.rules(name="Europe", definition=country("DE"), at=AT)
    save.rules(segment_id=first.id, name="Europa", definition=country("DE"), at=AT + timedelta(hours=1))
    save.rules(segment_id=first.id, name="Europa", definition=country("DE", "FR"), at=AT + timedelta(hours=2))

    rows = SegmentVersion.objects.order_by("version").values_list("version", "definition", "saved_at", "is_quiet")
    assert list(rows) == [
        (1, country("DE"), AT, False),
        (2, country("DE", "FR"), AT + timedelta(hours=2), False),
    ]


def test_a_quiet_save_says_so_on_the_segment_and_its_version_until_a_loud_one():
    segment = save.rules(name="Europe", definition=country("DE"), at=AT)

    quiet = save.rules(segment_id=segment.id, name="Europe", definition=country("FR"), at=AT, is_quiet=True)
    loud = save.rules(segment_id=segment.id, name="Europe", definition=country("IT"), at=AT)

    assert (quiet.is_quiet, loud.is_quiet) == (True, False)
    assert list(SegmentVersion.objects.order_by("version").values_list("is_quiet", flat=True)) == [False, True, False]


def test_rules_that_somebody_else_changed_meanwhile_are_not_overwritten():
    mara = people.staff_member("mara")
    segment = save.rules(name="Europe", definition=country("DE"), at=AT)
    save.rules(segment_id=segment.id, name="Europe", definition=country("FR"), at=AT, user_id=mara.pk, expected_version=1)

    with pytest.raises(save.SegmentChanged) as refused:
        save.rules(segment_id=segment.id, name="Europe", definition=country("IT"), at=AT, expected_version=1)

    assert (refused.value.version, refused.value.saved_by, refused.value.saved_at) == (2, "mara", AT)
    assert Segment.objects.get().definition == country("FR")


def test_edited_rules_are_tried_again_at_once_after_time_outs():
    segment = save.rules(name="Europe", definition=country("DE"), at=AT)
    Segment.objects.update(attempts=4, retry_at=AT + timedelta(hours=4))

    save.rules(segment_id=segment.id, name="Europe", definition=country("FR"), at=AT)

    assert Segment.objects.values_list("attempts", "retry_at").get() == (0, None)
