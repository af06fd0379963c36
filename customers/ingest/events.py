"""Names of the events that clients produce through the ingest API."""

from customers.ports.event_types import EventType, register

PAGE_VIEWED = "page.viewed"
SCREEN_VIEWED = "screen.viewed"

CATALOGUE = [
    EventType(
        PAGE_VIEWED, "Page viewed", "globe",
        {"name": "name of the page", "category": "its group", "path": "part of the address", "title": "title"},
        "Viewed a page",
    ),
    EventType(
        SCREEN_VIEWED, "Screen viewed", "smartphone", {"name": "name of the screen", "category": "its group"},
        "Viewed a screen",
    ),
]  # fmt: skip


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
