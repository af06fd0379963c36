"""Taking an answer. Only a POST comes here: opening a link never answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from config.kit import sql
from config.kit.clock import local_day
from customers.actions import timeline
from customers.queries import brand
from surveys import events
from surveys.actions import latest
from surveys.enums import ResponseState, SurveyState, Suspicion
from surveys.models import Invitation, Response, ResponseRevision, SurveyStop
from surveys.rules.nps import band_of
from surveys.rules.suspicion import Vote, suspicion_of

EDIT_WINDOW = timedelta(hours=24)
COMMENT_LENGTH = 4000
MOST_REVISIONS = 50


class CannotAnswer(Exception):
    """The invitation takes no answer any more: expired, closed, refused, or the time for changes is over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one page sent. `is_final`: the person pressed the button; `is_human`: pointer or keyboard was used."""

    score: int
    comment: str = ""
    may_contact: bool = False
    is_final: bool = False
    is_human: bool = False
    page: str = ""
    user_agent: str = ""


def is_open(invitation: Invitation, *, at: datetime) -> bool:
    """Whether the invitation takes a first answer, or still takes changes to the one it has."""
    response = getattr(invitation, "response", None)
    if invitation.refused_at or invitation.survey.state != SurveyState.LIVE:
        return False
    if response is not None:
        return bool(at < response.answered_at + EDIT_WINDOW)
    return at < invitation.expires_at


def take(invitation_id: int, *, answer: Answer, at: datetime) -> Response:
    """Store an answer, or a new version of it; the last version wins. Raises `CannotAnswer`, and `ValueError` for a score
    outside 0 to 10.

    A page that was opened tells a `provisional` score first, which counts for nothing yet; it becomes `confirmed` by the
    button, by a comment, or after half an hour of quiet. Versions are kept.
    """
    band = band_of(answer.score)
    with transaction.atomic():
        invitation = sql.for_update(Invitation.objects.filter(pk=invitation_id).select_related("survey")).first()
        if invitation is None:
            raise CannotAnswer
        response = Response.objects.filter(invitation=invitation).first()
        invitation.response = response
        if not is_open(invitation, at=at):
            raise CannotAnswer
        if response is None:
            response = Response(
                invitation=invitation,
                survey=invitation.survey,
                customer_id=invitation.customer_id,
                answered_at=at,
                local_day=local_day(at, brand.current().timezone),
                state=ResponseState.PROVISIONAL,
            )
        elif not answer.is_final and response.state == ResponseState.CONFIRMED:
            return response  # a page opened again must not undo what the person has sent
        had_comment, was_counted = bool(response.comment), _counts(response)
        response.score, response.band, response.updated_at = answer.score, band, at
        if answer.is_final:
            response.comment = answer.comment.strip()[:COMMENT_LENGTH] or response.comment
            response.may_contact = answer.may_contact and band == "detractor"
            response.state, response.confirmed_at = ResponseState.CONFIRMED, response.confirmed_at or at
        response.suspicion = _suspicion(invitation, response, answer, at)
        response.save()
        _keep_version(response, answer, at)
        if invitation.opened_at is None and not response.suspicion:
            Invitation.objects.filter(pk=invitation.pk, opened_at__isnull=True).update(opened_at=at)
        if _counts(response):
            announce([response], at=at)
            if response.comment and not had_comment:
                _announce_comment(response, at=at)
        if _counts(response) or was_counted:
            latest.refresh([response.customer_id])
    return response


def _counts(response: Response) -> bool:
    return response.state == ResponseState.CONFIRMED and not response.suspicion


def _suspicion(invitation: Invitation, response: Response, answer: Answer, at: datetime) -> Suspicion:
    votes = [Vote(answer.score, answer.page, at)]
    if response.pk:
        before = response.revisions.order_by("-id").values_list("score", "page", "at")[:20]
        votes = [Vote(*row) for row in reversed(list(before))] + votes
    verdict = suspicion_of(
        votes,
        delivered_at=invitation.sent_at or invitation.created_at,
        at=at,
        user_agent=answer.user_agent,
        is_human=bool(answer.is_final and (answer.is_human or answer.comment.strip())),
    )
    # A page without a person behind it does not clear the suspicion that an earlier one raised.
    return verdict if verdict or answer.is_final else Suspicion(response.suspicion)


def _keep_version(response: Response, answer: Answer, at: datetime) -> None:
    if response.revisions.count() >= MOST_REVISIONS:
        return
    ResponseRevision.objects.create(
        response=response,
        score=response.score,
        comment=response.comment,
        may_contact=response.may_contact,
        state=response.state,
        page=answer.page,
        at=at,
    )


def announce(responses: list[Response], *, at: datetime) -> None:
    """Record `survey.answered` for counted answers, once each; a later change of the score is no second answer."""
    timeline.record_many(
        [
            timeline.NewEvent(
                customer_id=response.customer_id,
                name=events.ANSWERED,
                occurred_at=response.answered_at,
                key=timeline.event_key("surveys", "response", response.pk),
                source="surveys",
                properties=_properties(response),
            )
            for response in responses
        ],
        at=at,
    )


def _announce_comment(response: Response, *, at: datetime) -> None:
    timeline.record(
        timeline.NewEvent(
            customer_id=response.customer_id,
            name=events.COMMENTED,
            occurred_at=at,
            key=timeline.event_key("surveys", "comment", response.pk),
            source="surveys",
            properties={**_properties(response), "may_contact": response.may_contact},
        ),
        at=at,
    )


def _properties(response: Response) -> dict[str, object]:
    survey = response.survey
    return {
        "survey_id": survey.pk,
        "survey": survey.name,
        "kind": survey.kind,
        "score": response.score,
        "band": str(response.band),
    }


def settle_quiet(*, at: datetime, quiet: timedelta = timedelta(minutes=30), limit: int = 1000) -> int:
    """Confirm provisional answers that nobody touched for half an hour; returns how many."""
    with transaction.atomic():
        waiting = Response.objects.filter(state=ResponseState.PROVISIONAL, suspicion="", updated_at__lte=at - quiet)
        found = list(sql.for_update(waiting.order_by("updated_at"), skip_locked=True).select_related("survey")[:limit])
        Response.objects.filter(pk__in=[r.pk for r in found]).update(state=ResponseState.CONFIRMED, confirmed_at=at)
        announce(found, at=at)
        latest.refresh([r.customer_id for r in found])
    return len(found)


def refuse(invitation_id: int, *, at: datetime) -> None:
    """The mail reached the wrong person: the invitation takes no answer any more; what was answered before stays."""
    with transaction.atomic():
        Invitation.objects.filter(pk=invitation_id, refused_at__isnull=True).update(refused_at=at)


def stop(customer_id: int, *, at: datetime) -> None:
    """This customer is asked no more."""
    SurveyStop.objects.get_or_create(customer_id=customer_id, defaults={"at": at})
