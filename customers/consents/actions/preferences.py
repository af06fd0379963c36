"""What a customer wishes about marketing: a pause, how often, and whether opens and clicks are counted."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from config.kit import sql
from customers import events
from customers.actions.timeline import NewEvent, event_key, record
from customers.models import Customer, Preference


@dataclass(frozen=True, slots=True)
class Wish:
    """`paused_until`: no marketing before; `weekly_limit`: at most so many in seven days; None for no wish."""

    paused_until: datetime | None = None
    weekly_limit: int | None = None
    is_tracked: bool = True


WORDS = {"paused_until": "pause", "weekly_limit": "frequency", "is_tracked": "tracking"}


def of(customer_id: int) -> Wish:
    """The standing wish of a customer."""
    row = Preference.objects.filter(customer=customer_id).first()
    return Wish(row.paused_until, row.weekly_limit, row.is_tracked) if row else Wish()


def wish(customer_id: int, new: Wish, *, source: str, at: datetime) -> list[str]:
    """Write down what a customer wishes; returns the names of what differed, and records them. Safe to repeat."""
    with transaction.atomic():
        # The customer's row is the lock: two first wishes at once would both find no row.
        list(sql.for_update(Customer.objects.filter(pk=customer_id)).values_list("pk", flat=True))
        old = of(customer_id)
        changed = [name for name in Wish.__slots__ if getattr(old, name) != getattr(new, name)]
        if not changed:
            return []
        values = {name: getattr(new, name) for name in Wish.__slots__}
        Preference.objects.update_or_create(customer_id=customer_id, defaults=values | {"changed_at": at})
        properties = {
            "fields": ", ".join(WORDS[name] for name in changed),
            "paused_until": new.paused_until.isoformat() if new.paused_until else "",
            "weekly_limit": new.weekly_limit,
            "is_tracked": new.is_tracked,
            "source": source[:60],
        }
        key = event_key("customers", events.PREFERENCE_CHANGED, customer_id, at.isoformat(), *changed)
        record(NewEvent(customer_id, events.PREFERENCE_CHANGED, at, key, "customers", properties), at=at)
    return changed
