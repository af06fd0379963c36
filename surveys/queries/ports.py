"""Fields for segments, and what happens to a person's answers on export, erasure and merge."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from customers.models import EventAggregate
from customers.ports.fields import Field, FieldType
from surveys.actions import privacy
from surveys.enums import Band, ResponseState
from surveys.events import SENT
from surveys.models import Invitation, LatestScore, Response, SurveyStop


def _answered() -> QuerySet[Any]:
    """Customers with their number of counted answers: confirmed, and not put aside as suspicious."""
    counted = Response.objects.filter(state=ResponseState.CONFIRMED, suspicion="", customer__isnull=False)
    return counted.order_by().values("customer").annotate(answers=Count("id"))


def _asked() -> QuerySet[Any]:
    return EventAggregate.objects.filter(name=SENT)


FIELDS = [
    Field(
        "surveys.last_nps", "Last NPS score", "Surveys", FieldType.NUMBER, LatestScore.objects.all, "customer_id", "score"
    ),
    Field(
        "surveys.nps_band",
        "NPS band",
        "Surveys",
        FieldType.CHOICE,
        LatestScore.objects.all,
        "customer_id",
        "band",
        choices=lambda: [(str(value), str(label)) for value, label in Band.choices],
    ),
    Field(
        "surveys.last_answered_at",
        "Last survey answer",
        "Surveys",
        FieldType.DATETIME,
        LatestScore.objects.all,
        "customer_id",
        "answered_at",
    ),
    Field(
        "surveys.answered_count", "Survey answers", "Surveys", FieldType.NUMBER, _answered, "customer", "answers", missing=0
    ),
    Field("surveys.asked_count", "Times asked", "Surveys", FieldType.NUMBER, _asked, "customer", "count", missing=0),
    Field("surveys.last_asked_at", "Last asked", "Surveys", FieldType.DATETIME, _asked, "customer", "last_at"),
    Field(
        "surveys.stopped_at", "Asked for no more surveys", "Surveys", FieldType.DATETIME, SurveyStop.objects.all,
        "customer_id", "at",
    ),
]  # fmt: skip

MODELS = (Invitation, Response, LatestScore, SurveyStop)


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """What the customer was asked and answered, every version of it."""
    asked = Invitation.objects.filter(customer_id=customer_id)
    answers = Response.objects.filter(customer_id=customer_id)
    columns = ["survey__name", "score", "band", "state", "comment", "may_contact", "answered_at", "updated_at"]
    versions = ["revisions__score", "revisions__comment", "revisions__may_contact", "revisions__at"]
    return {
        "survey_invitations": list(asked.values("survey__name", "reference", "sent_at", "opened_at", "expires_at")),
        "survey_answers": list(answers.values(*columns)),
        "survey_answer_versions": list(answers.exclude(revisions=None).values("survey__name", *versions)),
        "survey_stop": list(SurveyStop.objects.filter(customer_id=customer_id).values("at")),
    }


def erase(customer_id: int, at: datetime) -> None:
    privacy.erase(customer_id, at=at)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    privacy.merge(from_id, into_id, at=at)
