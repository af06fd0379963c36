"""Erasing a person's words, and moving answers when two customers turn out to be one."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from customers.ports.personal_data import Part, Table
from surveys.actions import latest
from surveys.models import Invitation, Response, ResponseRevision, SurveyStop

ERASED = ""


def erase(customer_id: int, *, at: datetime) -> None:
    """Remove the customer's comments and the wish to be contacted; scores stay, so that results of the past do not move.

    Runs before the customer row is emptied or deleted; open links stop working.
    """
    with transaction.atomic():
        ResponseRevision.objects.filter(response__customer_id=customer_id).update(comment=ERASED, may_contact=False)
        Response.objects.filter(customer_id=customer_id).update(comment=ERASED, may_contact=False, updated_at=at)
        Invitation.objects.filter(customer_id=customer_id, refused_at__isnull=True).update(refused_at=at)


def merge(from_id: int, into_id: int, *, at: datetime) -> None:
    """Move invitations and answers; where both were asked by the same message, the copy keeps a name of its own."""
    with transaction.atomic():
        taken = Invitation.objects.filter(customer_id=into_id).values_list("survey_id", "reference")
        known = set(taken)
        for invitation in Invitation.objects.filter(customer_id=from_id):
            invitation.customer_id = into_id
            if (invitation.survey_id, invitation.reference) in known:
                invitation.reference = f"merged:{from_id}:{invitation.reference}"[:80]
            invitation.save(update_fields=["customer", "reference"])
        Response.objects.filter(customer_id=from_id).update(customer_id=into_id)
        for stopped in SurveyStop.objects.filter(customer_id=from_id):
            SurveyStop.objects.get_or_create(customer_id=into_id, defaults={"at": stopped.at})
        SurveyStop.objects.filter(customer_id=from_id).delete()
        latest.refresh([from_id, into_id])


def unmerge(kept: dict[str, object], from_id: int, into_id: int, at: datetime) -> None:
    """After the answers went back, the newest score of each is found anew."""
    latest.refresh([from_id, into_id])


def count(customer_id: int) -> list[Part]:
    """What a customer owns here."""
    return [
        Part(_("Survey answers"), Response.objects.filter(customer_id=customer_id).count()),
        Part(_("Survey invitations"), Invitation.objects.filter(customer_id=customer_id).count()),
    ]


TABLES = (Table(Invitation), Table(Response, is_moved=True), Table(SurveyStop, is_state=True))
