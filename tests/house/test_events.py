"""The documented events are those of the code."""

from pathlib import Path

import pytest
from django.conf import settings
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide

from customers.ports import event_types
from customers.rules import event_docs

pytestmark = pytest.mark.engine_free


def test_events_page_equals_the_catalogue():
    page = (Path(settings.BASE_DIR) / "docs" / "events.md").read_text()

    assert page == event_docs.markdown(event_types.all()), "run: manage.py write_docs"


def test_event_names_are_noun_and_past_verb():
    odd = [item.name for item in event_types.all() if item.name.count(".") != 1 or item.name != item.name.lower()]

    assert odd == []


def test_event_sentences_use_their_own_properties():
    for item in event_types.all():
        item.sentence.format_map(dict.fromkeys(item.properties, "x"))


def test_event_icons_exist():
    missing = []
    for item in event_types.all():
        try:
            lucide(item.icon)
        except IconDoesNotExist:
            missing.append((item.name, item.icon))

    assert missing == []
