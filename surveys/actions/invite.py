"""Asking customers: one invitation per survey, customer and message source, however often a message is rendered."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from config.kit import sql
from customers.actions import timeline
from surveys import events
from surveys.models import Invitation, Survey


def invite_many(customer_ids: Sequence[int], *, survey: Survey, reference: str, at: datetime) -> dict[int, int]:
    """Invitation ids by customer id; those not yet asked by this `reference` are invited, in few statements."""
    ids = sorted(set(customer_ids))
    expires_at = at + timedelta(days=survey.link_days)
    names = '"survey_id", "customer_id", "reference", "created_at", "expires_at", "source"'
    adapt = Invitation._meta.get_field("created_at").get_db_prep_save
    moments = [adapt(at, connection), adapt(expires_at, connection)]
    rows = [(survey.pk, customer_id, reference[:80], *moments, "message") for customer_id in ids]
    sql.insert_ignoring("surveys_invitation", names, rows)
    found = Invitation.objects.filter(survey=survey, reference=reference[:80], customer_id__in=ids)
    return dict(found.values_list("customer_id", "id"))


def mark_sent(sent: Mapping[tuple[str, int], datetime], *, at: datetime) -> int:
    """Note when messages that asked were sent, by (reference, customer id), and record `survey.sent`; returns how many."""
    if not sent:
        return 0
    references = {reference for reference, _ in sent}
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
