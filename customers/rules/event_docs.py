"""The event catalogue as a page of documentation."""

from collections.abc import Iterable

from customers.ports.event_types import EventType

HEAD = """# Events

Whatever happens to a customer is one event on the timeline. These are the events that Perennial itself records; segments,
journeys and reports can use each of them. Your own events may have any other name of the form `noun.verb_past`.

This page is written by `manage.py write_docs`; a test keeps it equal to the code.
"""


def markdown(types: Iterable[EventType]) -> str:
    """The catalogue in Markdown, sorted by name."""
    parts = [HEAD]
    for item in sorted(types, key=lambda item: item.name):
        lines = [f"## `{item.name}`", "", f"{item.label}. On the timeline: “{item.sentence or item.label}”."]
        if item.properties:
            lines += ["", "| property | meaning |", "|---|---|"]
            lines += [f"| `{name}` | {meaning} |" for name, meaning in item.properties.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
