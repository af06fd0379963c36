"""What follows from the history of subscriptions: the current rows, the movements of MRR, and figures per customer.

All of it is derived, for whole customers at a time, and only what differs is written: running it again changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from config.kit import sql
from config.kit.clock import local_day
from customers.commerce.queries import settings
from customers.commerce.rules import mrr
from customers.commerce.rules.mrr import COUNTED, ENDED, RUNNING, Movement, Policy, State
from customers.models import Customer, CustomerFacts, MrrMovement, Subscription, SubscriptionChange
from customers.queries import brand

CHUNK = 5000
CHANGE = (
    "subscription_id", "changed_at", "key", "local_day", "status", "mrr_minor", "charged_minor", "charged_currency",
    "cancel_at", "reason", "plan", "quantity", "renews_on", "interval_months", "started_at", "source", "is_renewal",
)  # fmt: skip
CURRENT = (
    "plan", "quantity", "status", "mrr_minor", "interval_months", "started_at", "renews_on", "cancel_at", "ended_at",
    "changed_at", "source",
)  # fmt: skip
FACTS = ("mrr_minor", "subscription_count", "subscription_status", "subscribed_since", "subscription_ends_at")
NO_FACTS = (0, 0, "", None, None)
# Which of several subscriptions says how a customer stands.
RANK = ("active", "past_due", "trialing", "paused", "ended")


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the history, with its place in the rules."""

    state: State
    plan: str
    quantity: int
    renews_on: date | None
    interval_months: int
    started_at: datetime | None
    source: str
    is_renewal: bool


def rebuild(customer_ids: Iterable[int], *, at: datetime) -> int:
    """Derive everything of these customers again from their history; returns how many movements changed.

    Customers are locked in the order of their ids, so that two rebuilds of one customer go one after the other.
    """
    wanted, changed = sorted(set(customer_ids)), 0
    policy = settings.policy()
    for start in range(0, len(wanted), CHUNK):
        with transaction.atomic():
            part = lock(wanted[start : start + CHUNK])
            changed += write(part, histories(part), policy, at=at)
    return changed


def lock(customer_ids: Sequence[int]) -> list[int]:
    """Lock customers until the transaction ends; returns those who are here, in order."""
    rows = Customer.objects.filter(id__among=sorted(customer_ids)).order_by("id")
    return list(sql.for_update(rows).values_list("id", flat=True))


def histories(customer_ids: Sequence[int]) -> dict[int, list[Change]]:
    """The changes of every subscription of these customers, by subscription, in the order in which they happened."""
    rows = SubscriptionChange.objects.filter(subscription__customer_id__among=list(customer_ids)).order_by()
    found: dict[int, list[Change]] = defaultdict(list)
    for row in rows.values_list(*CHANGE):
        (pk, changed_at, key, day, status, amount, charged, currency, cancel_at, reason, *rest) = row
        state = State(
            pk,
            changed_at,
            key,
            day,
            status,
            amount,
            (charged, currency) if charged is not None else None,
            cancel_at,
            reason,
        )
        found[pk].append(Change(state, *rest))
    for changes in found.values():
        changes.sort(key=lambda change: (change.state.at, change.state.key.int))
    return found


def write(customer_ids: Sequence[int], history: Mapping[int, list[Change]], policy: Policy, *, at: datetime) -> int:
    """Write what follows from the histories of these (locked) customers."""
    rows = Subscription.objects.filter(customer_id__among=list(customer_ids)).order_by("id")
    owners: dict[int, list[tuple[int, tuple[Any, ...]]]] = defaultdict(list)
    stale = []
    for pk, customer_id, *old in rows.values_list("id", "customer_id", *CURRENT):
        if pk not in history:
            continue
        now = _current(history[pk])
        owners[customer_id].append((pk, now))
        if tuple(old) != now:
            stale.append((pk, *now))
    sql.update_many(Subscription, "id", CURRENT, stale)
    account = brand.current()
    found = {
        customer_id: mrr.movements((c.state for pk, _ in owned for c in history[pk]), policy)
        for customer_id, owned in owners.items()
    }
    changed = _movements(customer_ids, found, account.currency)
    today = local_day(at, account.timezone)
    held = {
        customer_id: [dict(zip(CURRENT, now, strict=True)) for _, now in owned] for customer_id, owned in owners.items()
    }
    _facts(customer_ids, held, found)
    _profiles(held, today, at)
    return changed


def _current(changes: Sequence[Change]) -> tuple[Any, ...]:
    last = changes[-1]
    started = [change.started_at for change in changes if change.started_at is not None]
    ended_at = None
    for change in reversed(changes):
        if change.state.status != ENDED:
            break
        ended_at = change.state.at
    amount = mrr.steady([change.state for change in changes])[-1]
    return (
        last.plan, last.quantity, last.state.status, amount, last.interval_months,
        min([*started, changes[0].state.at]), last.renews_on, last.state.cancel_at if ended_at is None else None, ended_at,
        last.state.at, last.source,
    )  # fmt: skip


def _movements(customer_ids: Sequence[int], found: Mapping[int, list[Movement]], currency: str) -> int:
    rows = MrrMovement.objects.filter(customer_id__among=list(customer_ids))
    names = ("customer_id", "local_day", "kind", "amount_minor", "before_minor", "after_minor", "currency", "reason")
    kept = {row[1:]: row[0] for row in rows.values_list("id", *names)}
    wanted = [
        (customer_id, m.day, m.kind, m.amount, m.before, m.after, currency, m.reason[:40])
        for customer_id, moves in sorted(found.items())
        for m in moves
    ]
    new = [row for row in wanted if row not in kept]
    gone = [kept[row] for row in kept.keys() - set(wanted)]
    if gone:
        MrrMovement.objects.filter(id__among=sorted(gone)).delete()
    if new:
        sql.insert(MrrMovement._meta.db_table, names, new)
    return len(new) + len(gone)


def _facts(
    customer_ids: Sequence[int], held: Mapping[int, list[dict[str, Any]]], found: Mapping[int, list[Movement]]
) -> None:
    kept = {
        row[0]: row[1:]
        for row in CustomerFacts.objects.filter(customer_id__among=list(customer_ids)).values_list("customer_id", *FACTS)
    }
    rows = []
    for customer_id in customer_ids:
        now = _facts_of(held.get(customer_id, []), found.get(customer_id, []))
        if kept.get(customer_id, NO_FACTS) != now:
            rows.append((customer_id, *now))
    empty = {"order_count": 0, "revenue_minor": 0, "refunded_minor": 0, "event_count": 0}
    sql.add_up(CustomerFacts, key=["customer"], replace=list(FACTS), rows=rows, defaults=empty)


def _facts_of(subscriptions: Sequence[dict[str, Any]], moves: Sequence[Movement]) -> tuple[Any, ...]:
    if not subscriptions:
        return NO_FACTS
    running = [item for item in subscriptions if item["status"] in RUNNING]
    status = min((item["status"] for item in subscriptions), key=RANK.index)
    return (
        moves[-1].after if moves else 0,
        len(running),
        status,
        min((item["started_at"] for item in running), default=None),
        min((item["cancel_at"] for item in running if item["cancel_at"] is not None), default=None),
    )


def _profiles(held: Mapping[int, list[dict[str, Any]]], today: date, at: datetime) -> None:
    """Plan and renewal date on the profile: of the largest running subscription, and of the next one to renew."""
    rows = Customer.objects.filter(id__among=sorted(held)).values_list("id", "plan", "renews_on")
    changed = []
    for pk, plan, renews_on in rows:
        now = _profile(held[pk], today)
        if (plan, renews_on) != now:
            changed.append((pk, *now, at))
    sql.update_many(Customer, "id", ["plan", "renews_on", "updated_at"], changed)


def _profile(subscriptions: Sequence[dict[str, Any]], today: date) -> tuple[str, date | None]:
    running = [item for item in subscriptions if item["status"] in RUNNING]
    if not running:
        return "", None
    first = min(running, key=lambda i: (i["status"] not in COUNTED, -i["mrr_minor"], i["started_at"], i["plan"]))
    days = sorted(item["renews_on"] for item in running if item["renews_on"] and item["cancel_at"] is None)
    upcoming = [day for day in days if day >= today]
    return first["plan"], (upcoming or days[-1:] or [None])[0]
