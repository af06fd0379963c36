"""The list of surveys, and what the customer page shows."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from surveys.enums import ResponseState, SurveyKind, SurveyState
from surveys.models import Invitation, Response, Survey
from surveys.queries.results import Score, score_of
from surveys.rules import nps


def live() -> Survey | None:
    """The survey that `{{ survey.nps_link }}` asks."""
    return Survey.objects.filter(kind=SurveyKind.NPS, state=SurveyState.LIVE).first()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of surveys; the score counts each answer (the results page: each person's newest)."""

    survey: Survey
    sent_count: int
    score: Score


def surveys() -> list[Row]:
    """Every survey with how many were asked and its score, in three statements."""
    sent = dict(Invitation.objects.filter(sent_at__isnull=False).order_by().values_list("survey").annotate(Count("id")))
    tallies: dict[int, dict[str, int]] = {}
    answers = Response.objects.filter(state=ResponseState.CONFIRMED, suspicion="")
    for survey_id, band, count in answers.order_by().values_list("survey", "band").annotate(Count("id")):
        tallies.setdefault(survey_id, {})[band] = count
    return [
        Row(survey, sent.get(survey.pk, 0), score_of(nps.counts_of(tallies.get(survey.pk, {}))))
        for survey in Survey.objects.all()
    ]


def of_customer(customer_id: int) -> QuerySet[Invitation]:
    """What one customer was asked and answered, newest first."""
    asked = Invitation.objects.filter(customer_id=customer_id).filter(Q(sent_at__isnull=False) | Q(response__isnull=False))
    return asked.select_related("survey", "response").order_by("-created_at", "-id")
