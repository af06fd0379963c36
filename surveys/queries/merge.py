"""Variables of messages: {{ survey.nps_link }}."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from config.kit import tokens
from customers.ports.merge import MergeContext, Values
from surveys.actions import invite
from surveys.queries import lists

INVITATION, PREVIEW = "survey", "survey-preview"


def link(purpose: str, object_id: int) -> str:
    """The public address of an invitation, or of the preview of a survey."""
    return f"{settings.BASE_URL}/s/{tokens.sign(purpose, object_id)}"


def fetch(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """Link and question of the live survey by customer; None while no survey is live. A preview invites nobody."""
    survey = lists.live()
    if survey is None:
        return {customer_id: {"nps_link": None, "nps_question": None} for customer_id in customer_ids}
    if context.is_preview:
        preview = link(PREVIEW, survey.pk)
        return {customer_id: {"nps_link": preview, "nps_question": survey.question} for customer_id in customer_ids}
    invited = invite.invite_many(customer_ids, survey=survey, reference=context.reference, at=context.at)
    found: dict[int, dict[str, Any]] = {
        customer_id: {"nps_link": link(INVITATION, invitation_id), "nps_question": survey.question}
        for customer_id, invitation_id in invited.items()
    }
    return found
