"""Asking customers: one invitation per survey, customer and message source, however often a message is rendered."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from config.kit import sql
from customers.actions import timeline
from surveys import events
from surveys.models import Invitation, Survey


def invite_many(customer_ids: Sequence[int], *, survey: Survey, reference: str, at: datetime) -> dict[int, int]:
    """Invitation ids by customer id; those not yet asked by this `reference` are invited, in few statements.

    A source that asks again after `throttle_days`, when the old link is over, opens a new round.
    """
    ids, reference = sorted(set(customer_ids)), reference[:80]
    known = _newest(ids, survey, reference)
    again = at - timedelta(days=survey.throttle_days)
    rounds = {
        customer_id: found.round + 1 if found else 1
        for customer_id in ids
        if (found := known.get(customer_id)) is None or (found.expires_at <= at and found.created_at <= again)
    }
    if rounds:
        _insert(rounds, survey, reference, at)
        known |= _newest(list(rounds), survey, reference)
    return {customer_id: found.pk for customer_id, found in known.items()}


def _newest(customer_ids: Sequence[int], survey: Survey, reference: str) -> dict[int, Invitation]:
    found = Invitation.objects.filter(survey=survey, reference=reference, customer_id__in=customer_ids)
    return {
        i.customer_id: i for i in found.order_by("round").only("id", "customer_id", "round", "created_at", "expires_at")
    }


def _insert(rounds: Mapping[int, int], survey: Survey, reference: str, at: datetime) -> None:
    adapt = Invitation._meta.get_field("created_at").get_db_prep_save
    moments = [adapt(at, connection), adapt(at + timedelta(days=survey.link_days), connection)]
    names = '"survey_id", "customer_id", "reference", "round", "created_at", "expires_at", "source"'
    rows = [(survey.pk, customer_id, reference, number, *moments, "message") for customer_id, number in rounds.items()]
    sql.insert_ignoring("surveys_invitation", names, rows)


def mark_sent(sent: Mapping[tuple[str, int], datetime], *, at: datetime) -> int:
    """Note when messages that asked were sent, by (reference, customer id), and record `survey.sent`; returns how many."""
    if not sent:
        return 0
    references = {reference for reference, _ in sent}
    if not Invitation.objects.filter(reference__in=references).exists():
        return 0  # most messages carry no survey
    customer_ids = {customer_id for _, customer_id in sent}
    with transaction.atomic():
        waiting = Invitation.objects.filter(
            reference__in=references, customer_id__in=customer_ids, sent_at__isnull=True
        ).select_related("survey")
        invitations = [i for i in sql.for_update(waiting.order_by("id")) if (i.reference, i.customer_id) in sent]
        for invitation in invitations:
            invitation.sent_at = sent[invitation.reference, invitation.customer_id]
        Invitation.objects.bulk_update(invitations, ["sent_at"], batch_size=500)
        timeline.record_many([_sent(i) for i in invitations], at=at)
    return len(invitations)


def _sent(invitation: Invitation) -> timeline.NewEvent:
    survey = invitation.survey
    return timeline.NewEvent(
        customer_id=invitation.customer_id,
        name=events.SENT,
        occurred_at=invitation.sent_at or invitation.created_at,
        key=timeline.event_key("surveys", "invitation", invitation.pk),
        source="surveys",
        properties={"survey_id": survey.pk, "survey": survey.name, "kind": survey.kind},
    )
