"""Entry by date: a number of days before or after a date of the customer."""

from calendar import isleap
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.journeys.actions import enrol
from campaigns.journeys.actions.enrol import ONCE, Candidate
from campaigns.journeys.actions.listen import published
from campaigns.journeys.enums import JourneyState, Reentry
from campaigns.journeys.models import Enrolment, Journey
from campaigns.journeys.queries.walks import Walk
from campaigns.journeys.rules.triggers import DATE_FIELDS, Entry, EntryKind, entry_date
from config.kit.clock import local_day
from customers.models import Customer
from customers.queries import brand

CATCH_UP_DAYS = 2
CHUNK = 5000


def enter(*, at: datetime) -> int:
    """Enrol everybody for whom one of the last days (since the journey is live) is the day; returns how many entered.

    Runs as often as it likes: the occasion is the date itself. After an outage it looks back two days.
    """
    zone = brand.current().timezone
    today, total = local_day(at, zone), 0
    for journey in Journey.objects.filter(state=JourneyState.LIVE, entry__kind=EntryKind.DATE.value).order_by("id"):
        entry = Entry.of(journey.entry)
        walk = published(journey.id)
        if walk is None or journey.activated_at is None:
            continue
        first = max(local_day(journey.activated_at, zone), today - timedelta(days=CATCH_UP_DAYS))
        for past in range((today - first).days, -1, -1):
            total += _enter_day(walk, entry, today - timedelta(days=past), at=at)
    return total


def _enter_day(walk: Walk, entry: Entry, day: date, *, at: datetime) -> int:
    target = entry_date(day, offset_days=entry.offset_days)
    occasion = f"{entry.date_field}:{target}"
    run_key = ONCE if walk.journey.reentry == Reentry.ONCE else occasion
    known = Enrolment.objects.filter(journey=walk.journey, customer=OuterRef("pk"), run_key=run_key)
    waiting = _having(entry.date_field, target).filter(~Exists(known)).order_by("id")
    total, last = 0, 0
    while ids := list(waiting.filter(id__gt=last).values_list("id", flat=True)[:CHUNK]):
        total += enrol.enrol([Candidate(pk, occasion, at) for pk in ids], walk=walk, audience=entry.audience, at=at)
        last = ids[-1]
    return total


def _having(field: str, target: date) -> QuerySet[Customer]:
    """Customers whose date is `target`, for yearly dates of any year; 29 February counts on the 28th of other years."""
    if not DATE_FIELDS[field]:
        return Customer.objects.filter(**{field: target})
    same = Q(**{f"{field}__month": target.month, f"{field}__day": target.day})
    if (target.month, target.day) == (2, 28) and not isleap(target.year):
        same |= Q(**{f"{field}__month": 2, f"{field}__day": 29})
    return Customer.objects.filter(same)
