"""Writing the terms of the programme."""

from datetime import datetime

from django.db import transaction

from referrals.models import Programme


def save(programme: Programme, *, by: int | None, at: datetime) -> Programme:
    """Store new or changed terms. Claims made before keep the points they were promised; an active one replaces another."""
    with transaction.atomic():
        if programme.is_active:
            Programme.objects.filter(is_active=True).exclude(pk=programme.pk).update(is_active=False, updated_at=at)
        programme.updated_at, programme.updated_by_id = at, by
        if programme.pk is None:
            programme.created_at = at
        programme.save()
    return programme
