"""States of subscriptions, taken from any source in any order; and the ends that nobody reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from config.kit import sql
from config.kit.clock import local_day
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.commerce.actions import movements
from customers.commerce.actions.movements import Change
from customers.commerce.actions.values import CHUNK, CURRENCY, LIMIT, SOURCE, Result, existing
from customers.commerce.queries import rates, settings
from customers.commerce.rules import convert, happenings, mrr
from customers.commerce.rules.happenings import Seen
from customers.enums import SubscriptionStatus
from customers.models import Subscription, SubscriptionChange
from customers.queries import brand

OTHER_CUSTOMER = "This reference is a subscription of another customer. References are unique over all customers."


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """How a subscription stands from `changed_at` on. `mrr_minor` is the price of a month, all pieces, without tax.

    `key` makes it count once. `is_renewal` marks the start of a further term, `cancel_at` a scheduled end, `reason` why
    it ended or paused ("involuntary" when payment failed).
    """

    customer_id: int
    reference: str
    status: str
    mrr_minor: int
    currency: str
    changed_at: datetime
    key: UUID
    plan: str = ""
    quantity: int = 1
    interval_months: int = 1
    started_at: datetime | None = None
    renews_on: date | None = None
    cancel_at: datetime | None = None
    is_renewal: bool = False
    reason: str = ""
    source: str = ""


@dataclass(slots=True)
class _Priced:
    state: SubscriptionState
    day: date
    amount: int
    charged: tuple[int | None, str, Decimal | None]


def record_states(states: Sequence[SubscriptionState], *, at: datetime) -> Result:
    """Add states to the histories of subscriptions and derive what follows; once per key, in any order of arrival.

    Runs in the caller's transaction; the customers are locked first, in the order of their ids. `Result` names references.
    A state without a rate for its currency is held, one that cannot be is refused; the others are taken.
    """
    result = Result()
    priced = _priced(states, result)
    with transaction.atomic():
        account = brand.current()
        customer_ids = movements.lock(sorted({item.state.customer_id for item in priced}))
        here = set(customer_ids)
        priced = [item for item in priced if item.state.customer_id in here]
        ids = _subscriptions(priced, account.currency, result)
        taken = [item for item in priced if item.state.reference in ids]
        fresh = _insert(taken, ids)
        history = movements.histories(customer_ids)
        movements.write(customer_ids, history, settings.policy(), at=at)
        record_many(_events(fresh, ids, history, account.timezone), at=at)
    new = {item.state.key for item in fresh}
    result.created.extend(dict.fromkeys(item.state.reference for item in taken if item.state.key in new))
    known = dict.fromkeys(item.state.reference for item in taken if item.state.key not in new)
    result.known.extend(reference for reference in known if reference not in result.created)
    return result


def _priced(states: Sequence[SubscriptionState], result: Result) -> list[_Priced]:
    account = brand.current()
    customers = existing(state.customer_id for state in states)
    days = [local_day(state.changed_at, account.timezone) for state in states]
    currencies = [state.currency.upper() for state in states]
    found = rates.of_days(
        (currency, day)
        for currency, day in zip(currencies, days, strict=True)
        if currency != account.currency and CURRENCY.fullmatch(currency)
    )
    priced, seen = [], set()
    for state, day, currency in zip(states, days, currencies, strict=True):
        if problem := _problem(state, customers):
            result.refused[state.reference] = problem
            continue
        amount, charged = state.mrr_minor, (None, "", None)
        if currency != account.currency:
            rate = convert.rate_on(found, currency, day)
            if rate is None:
                result.refused[state.reference] = rates.missing(currency, day)
                continue
            amount = convert.converted(state.mrr_minor, currency, account.currency, rate)
            charged = (state.mrr_minor, currency, rate)  # type: ignore[assignment]
        if state.key not in seen:
            seen.add(state.key)
            priced.append(_Priced(state, day, amount, charged))
    return priced


def _problem(state: SubscriptionState, customers: set[int]) -> str:
    if not state.reference.strip() or len(state.reference) > 120:
        return "The reference of a subscription has 1 to 120 characters."
    if state.customer_id not in customers:
        return "There is no such customer here. Take in the customer first."
    if state.status not in SubscriptionStatus.values:
        return f"{state.status[:20]!r} is not a status. It is one of {', '.join(SubscriptionStatus.values)}."
    if not CURRENCY.fullmatch(state.currency.upper()):
        return f"{state.currency[:10]!r} is not a currency. Write its three letters, such as EUR."
    if not 0 <= state.mrr_minor <= LIMIT:
        return "The MRR is below 0 or impossible. Write the price of a month without tax."
    if len(state.plan) > 80:
        return "The name of the plan is longer than 80 characters."
    if not 0 <= state.quantity < 2**31 or not 0 < state.interval_months < 1200:
        return "The quantity or the term in months is impossible."
    return ""


NEW = (
    "customer_id", "reference", "plan", "quantity", "status", "mrr_minor", "currency", "interval_months", "started_at",
    "changed_at", "source",
)  # fmt: skip


def _subscriptions(priced: Sequence[_Priced], currency: str, result: Result) -> dict[str, int]:
    """Ids by reference, created where new; references of other customers are refused."""
    firsts: dict[str, _Priced] = {}
    for item in priced:
        firsts.setdefault(item.state.reference, item)
    found = _known(list(firsts))
    rows = []
    for reference in sorted(firsts.keys() - found.keys()):
        state = firsts[reference].state
        rows.append(
            (state.customer_id, reference, state.plan, state.quantity, state.status, firsts[reference].amount, currency,
             state.interval_months, state.started_at or state.changed_at, state.changed_at, state.source[:40])
        )  # fmt: skip
    if rows:
        sql.insert_returning(Subscription, NEW, rows, returning=["id"])
        found |= _known([row[1] for row in rows])
    for item in priced:
        if found[item.state.reference][1] != item.state.customer_id:
            result.refused[item.state.reference] = OTHER_CUSTOMER
    return {
        reference: pk
        for reference, (pk, _) in found.items()
        if reference not in result.refused or _is_held(result, reference)
    }


def _is_held(result: Result, reference: str) -> bool:
    """Another state of the same subscription was refused; those that are sound are taken all the same."""
    return result.refused[reference] != OTHER_CUSTOMER


def _known(references: list[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(references), CHUNK):
        rows = Subscription.objects.filter(reference__in=references[start : start + CHUNK])
        found |= {reference: (pk, owner) for reference, pk, owner in rows.values_list("reference", "id", "customer_id")}
    return found


COLUMNS = (
    "subscription_id", "changed_at", "local_day", "status", "plan", "quantity", "interval_months", "started_at",
    "mrr_minor", "charged_minor", "charged_currency", "rate", "renews_on", "cancel_at", "is_renewal", "reason", "source",
    "key",
)  # fmt: skip


def _insert(taken: Sequence[_Priced], ids: Mapping[str, int]) -> list[_Priced]:
    rows = [
        (
            ids[item.state.reference], item.state.changed_at, item.day, str(item.state.status), item.state.plan,
            item.state.quantity, item.state.interval_months, item.state.started_at, item.amount, *item.charged,
            item.state.renews_on, item.state.cancel_at, item.state.is_renewal, item.state.reason[:40],
            item.state.source[:40], item.state.key,
        )
        for item in sorted(taken, key=lambda item: item.state.key.int)
    ]  # fmt: skip
    returned = sql.insert_returning(SubscriptionChange, COLUMNS, rows, returning=["key"])
    new = {key if isinstance(key, UUID) else UUID(str(key)) for (key,) in returned}
    return [item for item in taken if item.state.key in new]


def _events(
    fresh: Sequence[_Priced], ids: Mapping[str, int], history: Mapping[int, list[Change]], zone: str
) -> list[NewEvent]:
    """An event per new change, named by what is known of the time before it."""
    wanted = {item.state.key: item for item in fresh}
    made = []
    for reference in dict.fromkeys(item.state.reference for item in fresh):
        before: Seen | None = None
        changes = history.get(ids[reference], [])
        for change, amount in zip(changes, mrr.steady([change.state for change in changes]), strict=True):
            now = _seen(change, amount)
            item = wanted.get(change.state.key)
            name = happenings.named(before, now) if item else ""
            if item and name:
                made.append(_event(item, ids[reference], name, before, now, zone))
            before = now
    return made


def _seen(change: Change, amount: int) -> Seen:
    state = change.state
    return Seen(state.status, change.plan, change.quantity, amount, change.renews_on, state.cancel_at, change.is_renewal)


def _event(item: _Priced, pk: int, name: str, before: Seen | None, now: Seen, zone: str) -> NewEvent:
    state = item.state
    properties: dict[str, Any] = {
        "subscription_id": pk, "reference": state.reference, "plan": state.plan or state.reference,
        "status": str(state.status), "quantity": state.quantity, "mrr_minor": now.mrr_minor,
    }  # fmt: skip
    if before is not None:
        properties |= {"mrr_before": before.mrr_minor, "plan_before": before.plan}
    if now.renews_on is not None:
        properties["renews_on"] = now.renews_on.isoformat()
    if now.cancel_at is not None:
        properties["cancel_at"] = local_day(now.cancel_at, zone).isoformat()
    if state.reason:
        properties["reason"] = state.reason
    key = event_key("customers", "subscription-change", state.key)
    return NewEvent(state.customer_id, name, state.changed_at, key, state.source[:40] or SOURCE, properties, currency="")


def end_due(*, at: datetime, limit: int = 2000) -> int:
    """End subscriptions whose scheduled end has passed, once each; returns how many."""
    due = (
        Subscription.objects.filter(cancel_at__lte=at).exclude(status=SubscriptionStatus.ENDED).order_by("cancel_at", "id")
    )
    states = []
    rows = list(due[:limit])
    given = SubscriptionChange.objects.filter(subscription__in=rows).exclude(reason="").order_by("changed_at")
    reasons = dict(given.values_list("subscription_id", "reason"))
    for row in rows:
        assert row.cancel_at is not None
        moment = max(row.cancel_at, row.changed_at + timedelta(microseconds=1))
        states.append(
            SubscriptionState(
                row.customer_id, row.reference, SubscriptionStatus.ENDED.value, row.mrr_minor, row.currency, moment,
                event_key("customers", "subscription-end", row.pk, moment.isoformat()), plan=row.plan,
                quantity=row.quantity, interval_months=row.interval_months, renews_on=None,
                reason=reasons.get(row.pk, "cancelled"), source=row.source,
            )
        )  # fmt: skip
    return len(record_states(states, at=at).created) if states else 0


def due_ends(at: datetime) -> tuple[int, datetime | None]:
    """How many scheduled ends wait, and since when the oldest does."""
    rows = Subscription.objects.filter(cancel_at__lte=at).exclude(status=SubscriptionStatus.ENDED)
    oldest = rows.order_by(F("cancel_at").asc()).values_list("cancel_at", flat=True).first()
    return rows.count(), oldest
