"""Points for orders, and back again for refunds, a batch of timeline events at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.functions import Least

from config.kit.clock import local_day
from customers.events import ORDER_PLACED
from customers.ports.subscribers import TimelineEvent
from loyalty.actions.book import Book, Held
from loyalty.enums import ClawbackPolicy, EntryKind, Rounding, TierCause, TierMetric
from loyalty.models import Allocation, EarningRule, Entry, Programme, TierChange
from loyalty.queries import programme as programmes
from loyalty.rules import earning, lots, refunds, tiers
from loyalty.rules.earning import Rate
from loyalty.rules.lots import OpenLot

ORDER, REFUND, EVENT, METRIC = "order", "refund", "event", "metric"
COUNTED = Q(kind__in=[EntryKind.EARN_ORDER, EntryKind.CLAWBACK]) | Q(source_type=METRIC)


@dataclass(slots=True)
class OrderState:
    """What the ledger knows of one order: what it earned, what was refunded, what was taken back or has ended."""

    entry_id: int = 0
    points: int = 0
    basis_minor: int = 0
    refunded_minor: int = 0
    clawed_back: int = 0
    number: str = ""


def book_orders(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Book points and tier metric of `order.placed` and `order.refunded` events; each takes effect once.

    1. Lock the accounts of the batch, new members join.
    2. Read what the ledger knows of these orders; what is booked already is passed over.
    3. Walk the events in the order of their time: earn, raise tiers at once, take back for refunds.
    4. Write entries, lots, balances, tier history and loyalty events in a few statements.

    A refund may come before its order: it is booked with no points then, and the order's earning is corrected when it
    arrives. A refund without an order takes no points back (nobody knows which were earned) but lowers the metric.
    """
    programme = programmes.current()
    wanted = [event for event in events if event.amount_minor is not None and _counts(event, programme)]
    if wanted:
        _Run(wanted, programme, at).walk()


def _counts(event: TimelineEvent, programme: Programme) -> bool:
    return programme.is_active and (programme.starts_on is None or event.local_day >= programme.starts_on)


class _Run:
    def __init__(self, events: Sequence[TimelineEvent], programme: Programme, at: datetime) -> None:
        self.events = sorted(events, key=lambda event: (event.occurred_at, event.name, event.id))
        self.programme, self.at = programme, at
        self.sources = {event.id: source_of(event) for event in self.events}
        joined: dict[int, datetime] = {}
        for event in self.events:
            joined.setdefault(event.customer_id, event.occurred_at)
        self.book = Book.of_customers(joined, at=at, programme=programme, joined=joined)
        self.book.expect(len(events))
        self.today = local_day(at, self.book.zone)
        self.rule = EarningRule.objects.filter(is_active=True).first()
        self.orders: dict[tuple[int, int], OrderState] = defaultdict(OrderState)
        self.known: set[tuple[int, str]] = set()
        self._read_ledger()
        self.days = metric_days(self.book.by_id, programme, since=self._first_day())
        self.previous = self._previous_tiers()
        self.multipliers = {level.id: (level.multiplier_percent, level.name) for level in self.book.levels}

    # --- what is known ----------------------------------------------------------------------------------------------
    def _read_ledger(self) -> None:
        by_kind: dict[str, set[int]] = defaultdict(set)
        for kind, number in self.sources.values():
            by_kind[kind].add(number)
        where = Q()
        for kind, ids in by_kind.items():
            where |= Q(source_type=kind, source_id__among=ids)
        rows = Entry.objects.filter(where).values_list(
            "account_id", "source_type", "source_id", "id", "kind", "points", "desired_points", "basis_minor",
            "idempotency_key", "note",
        )  # fmt: skip
        origins = {}
        for account_id, source_type, source_id, entry_id, kind, points, desired, basis, key, note in rows:
            self.known.add((account_id, key))
            if source_type != ORDER or source_id is None:
                continue
            state = self.orders[account_id, source_id]
            if kind == EntryKind.EARN_ORDER:
                state.entry_id, state.points, state.basis_minor, state.number = entry_id, points, basis or 0, note
                origins[entry_id] = state
            elif kind == EntryKind.CLAWBACK:
                state.refunded_minor += basis or 0
                state.clawed_back -= desired
        refunded = {self.sources[event.id] for event in self.events if event.name != ORDER_PLACED}
        late = [i for (_, order_id), s in self.orders.items() if (ORDER, order_id) in refunded and (i := s.entry_id)]
        if late:
            ended = Allocation.objects.filter(lot_id__among=late, entry__kind=EntryKind.EXPIRE)
            for lot_id, points in ended.values_list("lot_id", "points"):
                origins[lot_id].clawed_back += points
        losing = {event.customer_id for event in self.events if event.name != ORDER_PLACED}
        self.book.load_lots(self.book.by_customer[customer_id] for customer_id in losing)

    def _first_day(self) -> date:
        """The earliest day that any decision of this batch can ask for."""
        zone, days = self.book.zone, [event.local_day for event in self.events]
        days += [local_day(a.tier_until, zone) for a in self.book.by_id.values() if a.tier_until is not None]
        return tiers.window_start(self.programme.tier_window, min(days))

    def _previous_tiers(self) -> dict[int, int | None]:
        losing = {self.book.by_customer[e.customer_id].id for e in self.events if e.name != ORDER_PLACED}
        if not losing:
            return {}
        stays = TierChange.objects.filter(account_id__among=losing, until__isnull=True)
        return dict(stays.values_list("account_id", "previous_id"))

    # --- the walk ---------------------------------------------------------------------------------------------------
    def walk(self) -> None:
        for event in self.events:
            account = self.book.by_customer[event.customer_id]
            days = self.days[account.id]
            end_periods(self.book, account, days, event.occurred_at)
            if event.name == ORDER_PLACED:
                self._earn(account, days, event)
            else:
                self._refund(account, days, event)
        window = self.programme.tier_window
        for account in self.book.by_id.values():
            account.metric = tiers.metric_on(self.days[account.id], window, self.today)
        self.book.write()

    def _earn(self, account: Held, days: dict[date, tuple[int, int]], event: TimelineEvent) -> None:
        kind, number = self.sources[event.id]
        key = f"{kind}:{number}"
        if (account.id, key) in self.known:
            return
        self.known.add((account.id, key))
        amount = event.amount_minor or 0
        label = _number(event)
        points, breakdown = self._points(account, event)
        counts = amount if event.currency == self.programme.currency else 0
        entry_id = self.book.credit(
            account, EntryKind.EARN_ORDER, points, key=key, occurred_at=event.occurred_at, day=event.local_day,
            reason=f"order {label}" if label else "order", is_pending=True, source_type=kind, source_id=number,
            basis_minor=amount, spend_minor=counts, breakdown=breakdown, note=label,
        )  # fmt: skip
        add_to(days, event.local_day, points if self._by_points() else counts)
        self._raise(account, days, event)
        if kind == ORDER:
            state = self.orders[account.id, number]
            state.entry_id, state.points, state.basis_minor, state.number = entry_id, points, amount, label
            if state.refunded_minor:
                self._take_back(account, days, state, event, key=f"clawback:late:{number}", amount=0)

    def _points(self, account: Held, event: TimelineEvent) -> tuple[int, dict[str, Any]]:
        if self.rule is None:
            return 0, {"skipped": "no earning rule is active"}
        if event.currency != self.programme.currency:
            return 0, {"skipped": f"currency {event.currency or '?'} is not {self.programme.currency}"}
        percent, tier = self.multipliers.get(account.tier_id or 0, (earning.PERCENT, ""))
        if not self.rule.uses_tier_multiplier:
            percent = earning.PERCENT
        rate = Rate(self.rule.points, self.rule.per_minor, self.rule.rounding == Rounding.FLOOR)
        amount = event.amount_minor or 0
        points = earning.points_for(amount, rate, percent)
        return points, earning.explain(amount, rate, percent, tier, points)

    def _raise(self, account: Held, days: dict[date, tuple[int, int]], event: TimelineEvent) -> None:
        levels, current = self.book.levels, tiers.position(self.book.levels, account.tier_id)
        if current == len(levels) - 1:
            return
        metric = tiers.metric_on(
            days, self.programme.tier_window, event.local_day, recheck_days=self.programme.recheck_days
        )
        reached = tiers.qualified(levels, metric)
        if reached is not None and tiers.position(levels, reached.id) > current:
            self.previous[account.id] = account.tier_id
            self.book.move(account, reached.id, since=event.occurred_at, cause=TierCause.REACHED, metric=metric)

    def _refund(self, account: Held, days: dict[date, tuple[int, int]], event: TimelineEvent) -> None:
        kind, number = self.sources[event.id]
        key = _refund_key(event)
        if (account.id, key) in self.known:
            return
        self.known.add((account.id, key))
        state = self.orders[account.id, number] if kind == ORDER else OrderState()
        self._take_back(account, days, state, event, key=key, amount=event.amount_minor or 0)
        self._recheck(account, days, event)

    def _take_back(
        self, account: Held, days: dict[date, tuple[int, int]], state: OrderState, event: TimelineEvent, *, key: str,
        amount: int,
    ) -> None:  # fmt: skip
        kind, number = self.sources[event.id]
        state.refunded_minor += amount
        due = refunds.due(state.points, state.basis_minor, state.refunded_minor, state.clawed_back) if state.entry_id else 0
        state.clawed_back += due
        self.book.load_lots([account])
        taken = self._taken(account, state, due, event.occurred_at)
        label = state.number or _number(event)
        counts = amount if event.currency == self.programme.currency else 0
        self.book.debit(
            account, EntryKind.CLAWBACK, due, key=key, occurred_at=event.occurred_at, day=event.local_day, taken=taken,
            may_owe=self.programme.clawback == ClawbackPolicy.UNLIMITED, source_type=kind, source_id=number,
            basis_minor=amount, spend_minor=-counts, note=_number(event), reverses_id=state.entry_id or None,
            reason=f"refund of order {label}" if state.entry_id else "refund",
            breakdown={
                "earned": state.points, "basis_minor": state.basis_minor, "refunded_minor": state.refunded_minor,
                "should_stay": state.points - state.clawed_back, "due": due, "order_known": bool(state.entry_id),
            },
        )  # fmt: skip
        add_to(days, event.local_day, -due if self._by_points() else -counts)

    def _taken(self, account: Held, state: OrderState, due: int, moment: datetime) -> list[tuple[OpenLot, int]]:
        policy = self.programme.clawback
        return lots.take_back(
            account.lots or [], due, moment, origin_id=state.entry_id,
            only_pending=policy == ClawbackPolicy.ONLY_PENDING,
        )  # fmt: skip

    def _recheck(self, account: Held, days: dict[date, tuple[int, int]], event: TimelineEvent) -> None:
        """A tier that was reached a short while ago goes back when the refund takes its ground away."""
        since, book = account.tier_since, self.book
        if since is None or event.occurred_at - since > timedelta(days=self.programme.recheck_days):
            return
        metric = tiers.metric_on(days, self.programme.tier_window, event.local_day)
        reached = tiers.qualified(book.levels, metric)
        floor = tiers.position(book.levels, self.previous.get(account.id))
        target = max(tiers.position(book.levels, reached.id if reached else None), floor)
        if 0 <= target < tiers.position(book.levels, account.tier_id):
            book.move(account, book.levels[target].id, since=event.occurred_at, cause=TierCause.REFUND, metric=metric)

    def _by_points(self) -> bool:
        return self.programme.tier_metric == TierMetric.POINTS_EARNED


def end_periods(book: Book, account: Held, days: dict[date, tuple[int, int]], moment: datetime) -> None:
    """Decide about every tier period of an account that ended, grace included, by `moment`."""
    grace, window = timedelta(days=book.programme.grace_days), book.programme.tier_window
    while account.tier_until is not None and account.tier_until + grace <= moment:
        ends_at = account.tier_until + grace
        metric = tiers.metric_on(days, window, local_day(ends_at, book.zone))
        after = tiers.after_period(book.levels, account.tier_id, metric, book.programme.downgrade)
        if after is None or after == account.tier_id:
            account.tier_until = book.stay_end(local_day(account.tier_until - timedelta(seconds=1), book.zone))
            account.is_changed = True
        else:
            book.move(account, after, since=ends_at, cause=TierCause.PERIOD_END, metric=metric)


def metric_days(account_ids: Iterable[int], programme: Programme, *, since: date) -> dict[int, dict[date, tuple[int, int]]]:
    """The tier metric's sums per account and local day since a day: (all, the negative part of it)."""
    amount = metric_amount(programme)
    rows = (
        Entry.objects.filter(account_id__among=set(account_ids), local_day__gte=since)
        .filter(COUNTED)
        .values_list("account_id", "local_day")
        .annotate(total=Sum(amount), negative=Sum(Least(amount, Value(0))))
    )
    found: dict[int, dict[date, tuple[int, int]]] = {account_id: {} for account_id in account_ids}
    for account_id, day, total, negative in rows:
        found[account_id][day] = (total, negative)
    return found


def metric_amount(programme: Programme) -> Any:
    """The expression over `Entry` that a tier metric adds up."""
    if programme.tier_metric == TierMetric.POINTS_EARNED:
        return Case(When(COUNTED, then=F("desired_points")), default=Value(0))
    return F("spend_minor")


def add_to(days: dict[date, tuple[int, int]], day: date, amount: int) -> None:
    total, negative = days.get(day, (0, 0))
    days[day] = (total + amount, negative + min(amount, 0))


def source_of(event: TimelineEvent) -> tuple[str, int]:
    """What an event is about: its order, the refund when no order is named, else the event itself."""
    order_id = _whole(event.properties.get("order_id"))
    if order_id is not None:
        return ORDER, order_id
    refund_id = _whole(event.properties.get("refund_id")) if event.name != ORDER_PLACED else None
    return (REFUND, refund_id) if refund_id is not None else (EVENT, event.id)


def _refund_key(event: TimelineEvent) -> str:
    refund_id = _whole(event.properties.get("refund_id"))
    return f"clawback:{refund_id}" if refund_id is not None else f"clawback:event:{event.id}"


def _whole(value: Any) -> int | None:
    """An id from event properties, which may hold anything."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if type(value) is int and 0 < value < 2**63 else None


def _number(event: TimelineEvent) -> str:
    return str(event.properties.get("number") or "")[:80]
