"""Pairs of customers who seem to be one person: same e-mail, same phone, or same name and company. All in sets, in SQL.

Looking for them reads every customer: seconds at a million. Where that is slow, whom it found is kept for an hour; the
page then reads those customers as they are now, and passes over whoever was merged or is no longer alike.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, DifferentPeople
from customers.queries import search

LIMIT = 200
LARGEST = 20
CACHE_KEY, CACHE_SECONDS = "privacy:doubles:", 3600
SLOW_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Reason:
    """One way of being alike. `value` gives the compared text; rows where it is empty are left out by `only`."""

    key: str
    label: Any
    value: Any
    only: Q


REASONS = (
    # Upper and lower case are one address; dots and a plus make another, as they do at most mail providers.
    Reason("email", _("Same e-mail"), Lower("email"), ~Q(email="")),
    Reason("phone", _("Same phone"), F("phone"), ~Q(phone="")),
    Reason(
        "name",
        _("Same name and company"),
        Lower(Concat("first_name", Value(" "), "last_name", Value("|"), "company")),
        ~Q(first_name="") & ~Q(last_name="") & ~Q(company=""),
    ),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers and why they are here; the one that was there first is the target."""

    target: Customer
    source: Customer


def reason(key: str) -> Reason:
    """The way of being alike of this name; the first when there is none."""
    return next((item for item in REASONS if item.key == key), REASONS[0])


def groups(item: Reason) -> QuerySet[Any]:
    """The texts that several customers share, most shared last: a shared office phone is no double."""
    named = Customer.objects.filter(item.only).annotate(alike=item.value)
    return (
        named.values("alike").annotate(count=Count("pk")).filter(count__gt=1, count__lte=LARGEST).order_by("count", "alike")
    )


@dataclass(frozen=True, slots=True)
class Alike:
    """The texts that several customers shared at `counted_at`, in the order to show them, and these customers."""

    texts: list[str]
    ids: list[int]
    counted_at: datetime


def alike(item: Reason, *, at: datetime) -> Alike:
    """Who is alike in this way; on a large installation at most an hour old."""
    kept: Alike | None = cache.get(CACHE_KEY + item.key)
    if kept is not None:
        return kept
    started = time.monotonic()
    texts = list(groups(item).values_list("alike", flat=True)[:LIMIT])
    people = Customer.objects.filter(item.only).annotate(alike=item.value).filter(alike__in=texts)
    found = Alike(texts, list(people.values_list("pk", flat=True)) if texts else [], at)
    if time.monotonic() - started > SLOW_SECONDS:
        cache.set(CACHE_KEY + item.key, found, CACHE_SECONDS)
    return found


def pairs(item: Reason, known: Alike) -> list[Pair]:
    """At most `LIMIT` pairs that staff have not said to be different people, read as the customers are now."""
    rows = Customer.objects.filter(item.only, pk__among=known.ids).annotate(alike=item.value)
    by_text: dict[str, list[Customer]] = {}
    for customer in rows.select_related("facts").order_by("created_at", "pk"):
        by_text.setdefault(customer.alike, []).append(customer)
    found = [Pair(people[0], other) for text in known.texts for people in [by_text.get(text, [])] for other in people[1:]]
    keys = {(min(p.target.pk, p.source.pk), max(p.target.pk, p.source.pk)) for p in found}
    numbers = {number for key in keys for number in key}
    different = set(
        DifferentPeople.objects.filter(lower_number__in=numbers, higher_number__in=numbers).values_list(
            "lower_number", "higher_number"
        )
    )
    return [p for p in found if (min(p.target.pk, p.source.pk), max(p.target.pk, p.source.pk)) not in different][:LIMIT]


def of_customer(customer: Customer) -> QuerySet[Customer]:
    """Other customers who seem to be the same person as this one."""
    ids: set[int] = set()
    if customer.email:
        ids.update(_ids(search.by_email(customer.email)))
    if customer.phone:
        ids.update(_ids(search.by_phone(customer.phone)))
    dismissed = DifferentPeople.objects.filter(
        Q(lower_number=OuterRef("pk"), higher_number=customer.pk)
        | Q(lower_number=customer.pk, higher_number=OuterRef("pk"))
    )
    return Customer.objects.filter(pk__among=ids - {customer.pk}).exclude(Exists(dismissed)).order_by("pk")[:5]


def _ids(condition: Q) -> list[int]:
    return list(Customer.objects.filter(condition).order_by().values_list("pk", flat=True)[:LIMIT])
