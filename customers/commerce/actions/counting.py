"""A change of how subscriptions count: every movement is derived again, a part of the customers at a time."""

from datetime import datetime

from django.db import transaction

from config.kit import sql
from config.kit.queue import enqueue
from customers.commerce.actions import movements
from customers.models import CommerceSettings, Subscription

PART = 5000


def save(settings: CommerceSettings) -> None:
    """Store the settings and begin to derive every movement again."""
    settings.pk, settings.rebuild_after = 1, 0
    with transaction.atomic():
        settings.save()
        enqueue("customers.rebuild_movements")


def rebuild_next(*, at: datetime) -> int:
    """Derive the next part of the customers again; returns how many, 0 when all are done.

    The place is kept in the settings, in the same transaction: a kill goes on where it was.
    """
    with transaction.atomic():
        settings = sql.for_update(CommerceSettings.objects.filter(pk=1, rebuild_after__isnull=False)).first()
        if settings is None or settings.rebuild_after is None:
            return 0
        owners = Subscription.objects.filter(customer_id__gt=settings.rebuild_after).order_by("customer_id")
        part = list(owners.values_list("customer_id", flat=True).distinct()[:PART])
        movements.rebuild(part, at=at)
        CommerceSettings.objects.filter(pk=1).update(rebuild_after=part[-1] if part else None)
        return len(part)
