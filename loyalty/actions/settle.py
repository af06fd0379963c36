"""What time does to points: pending ones become active, ended ones expire."""

from datetime import datetime

from django.db import transaction
from django.db.models import Min

from customers.ports.jobs import Due
from loyalty.actions.book import Book
from loyalty.models import Account


def settle_due(*, at: datetime, limit: int = 2000) -> int:
    """Settle up to `limit` accounts of which a bucket changes by `at`; returns how many, 0 when none is due."""
    with transaction.atomic():
        due = Account.objects.filter(next_due_at__lte=at).order_by("next_due_at")
        ids = list(due.values_list("id", flat=True)[:limit])
        if ids:
            Book.of_accounts(ids, at=at).write()
    return len(ids)


def due(at: datetime) -> Due:
    """Accounts that wait for `settle_due`."""
    waiting = Account.objects.filter(next_due_at__lte=at)
    return Due(waiting.count(), waiting.aggregate(oldest=Min("next_due_at"))["oldest"])
