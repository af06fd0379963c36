"""Making, opening and closing surveys."""

from datetime import datetime

from django.db import IntegrityError, transaction

from config.kit import sql
from surveys.enums import SurveyState
from surveys.models import Survey


class AnotherSurveyIsLive(Exception):
    """Messages ask with the one live survey of a kind; that one must be closed first."""


class SurveyIsClosed(Exception):
    """A closed survey is history: it is neither edited nor opened again."""


def save(survey: Survey, *, by: int | None, at: datetime) -> Survey:
    """Store a new or changed survey; raises `SurveyIsClosed` for one that was closed meanwhile."""
    with transaction.atomic():
        if survey.pk and sql.for_update(Survey.objects.filter(pk=survey.pk, state=SurveyState.CLOSED)).exists():
            raise SurveyIsClosed
        survey.updated_at, survey.updated_by_id = at, by
        if survey.pk is None:
            survey.created_at = at
            survey.save()
        else:
            survey.save(update_fields=[*EDITABLE, "updated_at", "updated_by"])
    return survey


EDITABLE = [
    "name", "question", "why_detractor", "why_passive", "why_promoter", "thanks_detractor", "thanks_passive",
    "thanks_promoter", "asks_promoters_to_refer", "throttle_days", "link_days",
]  # fmt: skip


def go_live(survey: Survey, *, by: int | None, at: datetime) -> None:
    """Open a draft for answers; raises `AnotherSurveyIsLive` or `SurveyIsClosed`."""
    try:
        with transaction.atomic():
            changed = Survey.objects.filter(pk=survey.pk, state=SurveyState.DRAFT).update(
                state=SurveyState.LIVE, opened_at=at, updated_at=at, updated_by_id=by
            )
    except IntegrityError as error:
        raise AnotherSurveyIsLive from error
    survey.refresh_from_db()
    if not changed and survey.state == SurveyState.CLOSED:
        raise SurveyIsClosed


def close(survey: Survey, *, by: int | None, at: datetime) -> None:
    """End a survey: its links show that it is over, its results stay."""
    Survey.objects.filter(pk=survey.pk).exclude(state=SurveyState.CLOSED).update(
        state=SurveyState.CLOSED, closed_at=at, updated_at=at, updated_by_id=by
    )
    survey.refresh_from_db()
