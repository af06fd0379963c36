"""What happens to a person's messages on export, erasure and merge."""

import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from campaigns.actions import system_mails
from campaigns.enums import MessageState, Reason
from campaigns.models import Engagement, Message, OutboxMail
from config.kit import sql
from customers.models import Customer
from customers.ports.personal_data import Part, Rows, Table
from customers.ports.retention import Retention

SHOWN = (
    "id",
    "channel",
    "source_kind",
    "state",
    "reason",
    "planned_at",
    "sent_at",
    "opened_at",
    "clicked_at",
    "unsubscribed_at",
)


def export(customer_id: int) -> dict[str, Rows]:
    """Messages and what the person did with them."""
    mine = Message.objects.filter(customer_id=customer_id)
    return {
        "messages": [dict(row) for row in mine.order_by("id").values(*SHOWN, "content_version__subject")],
        "engagements": [
            dict(row)
            for row in Engagement.objects.filter(message__in=mine)
            .order_by("id")
            .values("kind", "at", "visitor", "link__url", "user_agent")
        ],
    }


def erase(customer_id: int, at: datetime) -> None:
    """Bodies and traces of requests go; the bare rows stay for the sums and go with the customer row itself."""
    mine = Message.objects.filter(customer_id=customer_id)
    address = Customer.objects.filter(pk=customer_id).values_list("email", flat=True).first()
    OutboxMail.objects.filter(message__in=mine).delete()
    if address:
        OutboxMail.objects.filter(recipient__iexact=address).delete()
        system_mails.forget(address)
    Engagement.objects.filter(message__in=mine).update(user_agent="", address_hash="")
    mine.update(detail="")


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Messages move over. Of two for one occasion, at most one is still sent: none when one of the two already was.

    The copy that moves gets an occasion of its own, so that what was sent stays on record.
    """
    theirs = {
        row.occasion: row
        for row in sql.for_update(Message.objects.filter(customer_id=from_id, occasion__in=_shared(from_id, into_id)))
    }
    for mine in sql.for_update(Message.objects.filter(customer_id=into_id, occasion__in=list(theirs))):
        copy = theirs[mine.occasion]
        stop = mine if copy.state not in STOPPABLE else copy
        if stop.state in STOPPABLE:
            Message.objects.filter(pk=stop.pk).update(
                state=MessageState.CANCELLED, reason=Reason.DUPLICATE_ADDRESS, token=None, lease_until=None
            )
        Message.objects.filter(pk=copy.pk).update(occasion=uuid.uuid5(copy.occasion, f"merged:{copy.pk}"))
    Message.objects.filter(customer_id=from_id).update(customer_id=into_id)


STOPPABLE = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)


def _shared(from_id: int, into_id: int) -> list[uuid.UUID]:
    same = Message.objects.filter(customer_id=into_id, occasion=OuterRef("occasion"))
    return list(Message.objects.filter(Exists(same), customer_id=from_id).values_list("occasion", flat=True))


def _at_stake(from_id: int, into_id: int) -> Q:
    """The messages that a merge may change: both of one occasion, and what journeys have queued."""
    pair = Q(customer_id__in=(from_id, into_id))
    return pair & (Q(occasion__in=_shared(from_id, into_id)) | Q(state__in=STOPPABLE))


TABLES = (Table(Message, is_moved=True), Table(Message, rows=_at_stake))


def _expire_mails(before: datetime, at: datetime, limit: int) -> int:
    ids = list(OutboxMail.objects.filter(sent_at__lt=before).order_by("pk").values_list("pk", flat=True)[:limit])
    OutboxMail.objects.filter(pk__in=ids).delete()
    return len(ids)


def _old_mails(before: datetime, ceiling: int) -> int:
    return OutboxMail.objects.filter(sent_at__lt=before)[:ceiling].count()


KEPT_MAILS = Retention(
    "outbox_mails", "E-mails kept in the local outbox", 90, _expire_mails, _old_mails,
    stays="That they were sent.",
)  # fmt: skip


def count(customer_id: int) -> list[Part]:
    """What a customer owns here."""
    return [Part(_("Messages"), Message.objects.filter(customer_id=customer_id).count())]


def warn(from_id: int, into_id: int) -> list[str]:
    """What staff should know before they merge two customers."""
    if Message.objects.filter(
        customer_id__in=(from_id, into_id), state__in=STOPPABLE, occasion__in=_shared(from_id, into_id)
    ).exists():
        return [_("Both are about to get the same message: it is sent once.")]
    return []
