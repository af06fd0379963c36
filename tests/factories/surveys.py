"""Surveys, invitations, answers."""

from datetime import timedelta

from customers.models import Customer
from surveys.enums import SurveyState
from surveys.models import Invitation, Response, Survey
from surveys.rules.nps import band_of
from tests.factories.people import LONG_AGO


def survey(name="How are we doing?", state=SurveyState.LIVE, **values):
    texts = {
        "question": "How likely are you to recommend us?",
        "why_detractor": "What went wrong?",
        "why_passive": "What would make it a 9?",
        "why_promoter": "What do you like most?",
        "thanks_detractor": "Thanks for being frank.",
        "thanks_passive": "Thanks for the hint.",
        "thanks_promoter": "Thanks, you made our day.",
    }
    return Survey.objects.create(name=name, state=state, created_at=LONG_AGO, updated_at=LONG_AGO, **{**texts, **values})


def invitation(survey, customer, at, reference="campaign:1", **values):
    values = {"created_at": at, "sent_at": at, "expires_at": at + timedelta(days=60), **values}
    return Invitation.objects.create(survey=survey, customer=customer, reference=reference, **values)


def response(survey, customer, score, at, reference=None, **values):
    asked = invitation(survey, customer, at, reference=reference or f"test:{at:%Y%m%d%H%M%S}")
    values = {"state": "confirmed", "confirmed_at": at, **values}
    return Response.objects.create(
        invitation=asked, survey=survey, customer=customer, score=score, band=band_of(score), answered_at=at,
        local_day=at.date(), updated_at=at, **values,
    )  # fmt: skip


def crowd(survey, scores, at, prefix="c"):
    """One customer and one answer per score."""
    people = Customer.objects.bulk_create(
        [
            Customer(first_name="C", email=f"{prefix}{n}@example.com", created_at=at, updated_at=at)
            for n in range(len(scores))
        ]
    )
    return [response(survey, person, score, at) for person, score in zip(people, scores, strict=True)]
