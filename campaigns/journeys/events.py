"""Names of the events that journeys record."""

from customers.ports.event_types import EventType, register

ENTERED = "journey.entered"
COMPLETED = "journey.completed"
EXITED = "journey.exited"
SOURCE = "journeys"

PROPERTIES = {"journey_id": "id of the journey", "journey": "its name"}
REASON = {"reason": "end, goal, or why they left"}
CATALOGUE = [
    EventType(ENTERED, "Journey entered", "route", PROPERTIES, "Entered the journey {journey}"),
    EventType(COMPLETED, "Journey completed", "flag", PROPERTIES | REASON, "Completed the journey {journey}"),
    EventType(EXITED, "Journey left", "log-out", PROPERTIES | REASON, "Left the journey {journey}"),
]


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
