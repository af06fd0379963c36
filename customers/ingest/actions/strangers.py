"""What visitors did before anybody knew who they are."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from customers.actions.timeline import NewEvent, record_many
from customers.models import AnonymousEvent, SpentKey

COLUMNS = ("anonymous_id", "name", "occurred_at", "received_at", "properties", "amount_minor", "currency", "source", "key")
CHUNK = 5_000


def move(owners: Mapping[str, int], *, at: datetime) -> int:
    """Events of these anonymous ids go to the timelines of their customers, with their own keys and times; how many."""
    rows = AnonymousEvent.objects.filter(anonymous_id__among=sorted(owners)).order_by("id")
    found = list(rows.values_list("id", *COLUMNS))
    moved = [
        NewEvent(owners[anonymous_id], name, occurred_at, key, source, properties, amount_minor, currency)
        for _, anonymous_id, name, occurred_at, _, properties, amount_minor, currency, source, key in found
    ]
    record_many(moved, at=at)
    AnonymousEvent.objects.filter(id__among=[row[0] for row in found]).delete()
    return len(found)


def forget(*, days: int, at: datetime) -> int:
    """Delete what nobody claimed for so many days; the keys stay, so that a replay has no effect. Returns how many."""
    total = 0
    while True:
        with transaction.atomic():
            rows = AnonymousEvent.objects.filter(received_at__lt=at - timedelta(days=days)).order_by("id")
            found = list(rows.values_list("id", "key")[:CHUNK])
            if not found:
                return total
            SpentKey.objects.bulk_create([SpentKey(key=key) for _, key in found], ignore_conflicts=True)
            AnonymousEvent.objects.filter(id__among=[row[0] for row in found]).delete()
            total += len(found)
