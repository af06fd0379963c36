"""Removing what is older than its rule says, at night, in small batches that may be killed."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model, Q
from django.db.models.functions import Coalesce, Greatest

from customers.actions import audit
from customers.enums import DeliveryState
from customers.models import (
    AnonymousEvent,
    AuditEntry,
    Customer,
    Delivery,
    Event,
    IngestProblem,
    JobRun,
    OptIn,
    PendingEvent,
    RetentionRule,
)  # fmt: skip
from customers.ports import retention
from customers.ports.retention import Retention
from customers.privacy.actions import erase, merge, requests, traces

JOB = "customers.apply_retention"
BATCH = 1000
BUDGET_SECONDS = 3 * 3600
OWN_PREFIXES = ("order.", "subscription.", "customer.", "consent.")


def days_of(policy: Retention) -> int | None:
    """The days in force: what staff set, or the default; None is for ever."""
    rule = RetentionRule.objects.filter(pk=policy.key).first()
    return rule.days if rule else policy.default_days


def set_days(values: dict[str, int | None], *, user_id: int | None, at: datetime, address: str = "") -> list[str]:
    """Store rules; returns the keys that changed."""
    changed = []
    with transaction.atomic():
        for key, days in values.items():
            known = RetentionRule.objects.filter(pk=key).first()
            before = known.days if known else _default(key)
            if before != days:
                RetentionRule.objects.update_or_create(key=key, defaults={"days": days, "changed_at": at})
                changed.append(key)
        if changed:
            detail = {key: values[key] for key in changed}
            audit.note(
                "retention.changed", subject="data retention", user_id=user_id, at=at, address=address, detail=detail
            )
    return changed


def _default(key: str) -> int | None:
    return requests.WAITING[key] if key in requests.WAITING else retention.get(key).default_days


def apply(*, at: datetime, budget: float = BUDGET_SECONDS, batch: int = BATCH) -> dict[str, int]:
    """Remove what is due, kind by kind, batch by batch; returns how many rows went, by kind."""
    end, removed = time.monotonic() + budget, {}
    for policy in retention.all():
        days = days_of(policy)
        if days is None:
            continue
        total, before = 0, at - timedelta(days=days)
        while time.monotonic() < end:
            with transaction.atomic():
                count = policy.expire(before, at, batch)
            total += count
            if count < batch:
                break
        if total:
            removed[policy.key] = total
    merge.forget(before=at - timedelta(days=merge.UNDO_DAYS))
    requests.forget_files(at=at)
    erase.complete_log()
    JobRun.objects.update_or_create(
        job=JOB, period=at.date().isoformat(), defaults={"started_at": at, "finished_at": at, "summary": removed}
    )
    return removed


def _ids(rows: Any, limit: int) -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def _deleting(key: str, label: str, days: int | None, model: type[Model], condition: Any, **more: Any) -> Retention:
    """A kind whose rows are deleted; `condition(before)` chooses them."""

    def expire(before: datetime, at: datetime, limit: int) -> int:
        ids = _ids(model._default_manager.filter(condition(before)), limit)
        model._default_manager.filter(pk__in=ids).delete()
        return len(ids)

    return Retention(key, label, days, expire, _counting(model, condition), **more)


def _counting(model: type[Model], condition: Any) -> Any:
    def count(before: datetime, ceiling: int) -> int:
        return model._default_manager.filter(condition(before))[:ceiling].count()

    return count


def _expire_anonymous(before: datetime, at: datetime, limit: int) -> int:
    rows = AnonymousEvent.objects.filter(pk__in=_ids(AnonymousEvent.objects.filter(received_at__lt=before), limit))
    traces.spend(rows.values_list("key", flat=True))
    return rows.delete()[0]


DONE = Q(state__in=[DeliveryState.DONE, DeliveryState.IGNORED])


def _old_deliveries(before: datetime) -> Q:
    return DONE & Q(received_at__lt=before) & ~Q(payload={})


def _expire_deliveries(before: datetime, at: datetime, limit: int) -> int:
    """The body goes, the row stays: it is what tells a repeated webhook from a new one."""
    ids = _ids(Delivery.objects.filter(_old_deliveries(before)), limit)
    return Delivery.objects.filter(pk__in=ids).update(payload={})


def _old_events(before: datetime) -> Q:
    """Events of customers who have done nothing since; bookings and consent stay."""
    condition = Q(occurred_at__lt=before, customer__facts__last_seen_at__lt=before)
    for prefix in OWN_PREFIXES:
        condition &= ~Q(name__startswith=prefix)
    return condition


_reached: dict[
    datetime, int
] = {}  # by run: the last event looked at, so that no batch walks over the events of the ones before


def _expire_events(before: datetime, at: datetime, limit: int) -> int:
    old = Event.objects.filter(_old_events(before), pk__gt=_reached.pop(at, 0))
    ids = _ids(old.exclude(pk__in=PendingEvent.objects.values("event_id")), limit)
    _reached.clear()
    if len(ids) == limit:
        _reached[at] = ids[-1]
    rows = Event.objects.filter(pk__in=ids)
    traces.spend(rows.values_list("key", flat=True))
    rows.delete()
    return len(ids)


def _inactive(before: datetime) -> Q:
    """Customers without a name left are erased already; the others count from the last thing they did or bought."""
    latest = Greatest(
        Coalesce("facts__last_seen_at", "created_at"), Coalesce("facts__last_order_at", "created_at"), F("created_at")
    )
    named = ~Q(email="") | ~Q(phone="") | ~Q(first_name="") | ~Q(last_name="") | Q(external_id__isnull=False)
    paying = Q(subscriptions__status__in=["trialing", "active", "past_due", "paused"])
    rows = Customer.objects.alias(latest=latest).filter(named, latest__lt=before).exclude(paying)
    return Q(pk__in=rows.values("pk"))


def _expire_customers(before: datetime, at: datetime, limit: int) -> int:
    ids = _ids(Customer.objects.filter(_inactive(before)), min(limit, 50))
    for customer_id in ids:
        erase.erase(customer_id, reason="retention", user_id=None, at=at)
    return limit if len(ids) == min(limit, 50) else len(ids)


POLICIES = (
    Retention(
        "anonymous_events", "Events of unknown visitors", 90, _expire_anonymous,
        _counting(AnonymousEvent, lambda before: Q(received_at__lt=before)), stays="Nothing.",
    ),
    _deleting(
        "ingest_problems", "Refused messages of the ingest API", 14, IngestProblem,
        lambda before: Q(is_held=False, received_at__lt=before), stays="What is held: it may be an order.",
    ),
    Retention(
        "webhooks", "Bodies of webhooks", 90, _expire_deliveries, _counting(Delivery, _old_deliveries),
        stays="That a webhook came, and what became of it.",
    ),
    _deleting(
        "opt_ins", "Sign-ups that were never confirmed", 30, OptIn,
        lambda before: Q(confirmed_at=None, expires_at__lt=before), stays="Nothing.",
    ),
    Retention(
        "inactive_events", "Events of customers who have done nothing since", None, _expire_events,
        _counting(Event, _old_events), stays="Orders, subscriptions and consent.",
        least_days=90,
    ),
    Retention(
        "inactive_customers", "Customers without an event or order", None, _expire_customers,
        _counting(Customer, _inactive), stays="They are erased: orders and bookings stay without a name.", least_days=365,
    ),
    _deleting(
        "audit_log", "Audit log", None, AuditEntry, lambda before: Q(at__lt=before), stays="Nothing.", least_days=365,
    ),
)  # fmt: skip


def register_all() -> None:
    for policy in POLICIES:
        retention.register(policy)
