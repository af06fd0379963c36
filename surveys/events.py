"""Names of the events that surveys record."""

from customers.ports.event_types import EventType, register

SENT = "survey.sent"
ANSWERED = "survey.answered"
COMMENTED = "survey.commented"

_SURVEY = {"survey_id": "id of the survey", "survey": "its name", "kind": "nps"}
CATALOGUE = [
    EventType(SENT, "Survey sent", "message-circle-question-mark", _SURVEY, "Was asked {survey}"),
    EventType(
        ANSWERED,
        "Survey answered",
        "gauge",
        {**_SURVEY, "score": "0 to 10", "band": "detractor, passive or promoter"},
        "Answered {survey} with {score}",
    ),
    EventType(
        COMMENTED,
        "Survey comment",
        "message-square-text",
        {**_SURVEY, "score": "0 to 10", "band": "detractor, passive or promoter", "may_contact": "asked to be contacted"},
        "Left a comment on {survey}",
    ),
]


def register_all() -> None:
    for event_type in CATALOGUE:
        register(event_type)
