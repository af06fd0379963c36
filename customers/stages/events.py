"""Names of the events that stages and usage record."""

from customers.ports.event_types import EventType, register

STAGE_CHANGED = "customer.stage_changed"
USAGE_CHANGED = "customer.usage_changed"
# Not on the timeline: names under which segments hear that a persona or the days of use have changed.
PERSONA_MOVED = "persona:moved"
USAGE_COUNTED = "usage:counted"

CATALOGUE = [
    EventType(
        STAGE_CHANGED,
        "Reached another journey stage",
        "milestone",
        {"before": "stage before, empty when none", "after": "stage now, empty when none"},
        "Journey stage: {after}",
    ),
    EventType(
        USAGE_CHANGED,
        "Product usage changed",
        "gauge",
        {
            "before": "level before",
            "after": "level now: none, low, medium, high",
            "active_days": "days of use in the window",
        },
        "Product usage: {after}",
    ),
]


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
